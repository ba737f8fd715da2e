import type { FloatArray } from '../backend/backend.js';
import type { ValueFacts } from './operator.js';
import { floatsOf, required } from './run-tensor.js';
import { floatOf, nodeError, operator } from './schema.js';

const { fround } = Math;

/** Nearest whole number, halves away from 0, as in C. */
function rounded(value: number): number {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
}

/** The range of elements, possibly empty, that a bin of a region covers along one axis. */
function span(
  bin: number,
  bins: number,
  [start, end]: readonly [number, number],
  size: number,
): readonly [number, number] {
  const width = fround(Math.max(1, end - start + 1) / bins);
  const clip = (at: number): number => Math.max(0, Math.min(size, at + start));
  return [clip(Math.floor(fround(bin * width))), clip(Math.ceil(fround((bin + 1) * width)))];
}

/** The largest element in each bin of each region; 0 for an empty bin (Girshick 2015, 2.1). */
export const maxRoiPool = operator('MaxRoiPool', {
  inputs: [2, 2],
  infer(node, [x, rois]): ValueFacts[] {
    const shape = node.attribute('pooled_shape', 'ints') ?? [undefined, undefined];
    return [{ type: x?.type, dims: [rois?.dims?.[0], x?.dims?.[1], ...shape] }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const rois = required(node, inputs, 1);
    const shape = node.attribute('pooled_shape', 'ints');
    if (x.dims.length !== 4 || rois.dims[1] !== 5 || shape?.length !== 2) {
      throw nodeError(node, 'ERR_MODEL', 'its inputs or pooled_shape do not fit');
    }
    const [batch, channels, height, width] = x.dims as [number, number, number, number];
    const [rows, columns] = shape as [number, number];
    const scale = floatOf(node, 'spatial_scale', 1);
    const [source, regions] = [floatsOf(node, x), floatsOf(node, rois)];
    const dims = [rois.dims[0]!, channels, rows, columns];
    const data = call.allocate(x.type, dims) as FloatArray;
    let at = 0;
    for (let roi = 0; roi < dims[0]!; roi++) {
      const image = regions[roi * 5]!;
      if (!(image >= 0 && image < batch)) {
        throw nodeError(
          node,
          'ERR_MODEL',
          `a region is of image ${image}, outside a batch of ${batch}`,
        );
      }
      const corner = (i: number): number => rounded(fround(regions[roi * 5 + i]! * scale));
      const [left, top, right, bottom] = [corner(1), corner(2), corner(3), corner(4)];
      for (let c = 0; c < channels; c++) {
        const plane = (Math.trunc(image) * channels + c) * height * width;
        for (let row = 0; row < rows; row++) {
          const [y, yEnd] = span(row, rows, [top, bottom], height);
          for (let column = 0; column < columns; column++) {
            const [from, end] = span(column, columns, [left, right], width);
            let best = y < yEnd && from < end ? -Infinity : 0;
            for (let i = y; i < yEnd; i++) {
              for (let j = from; j < end; j++)
                best = Math.max(best, source[plane + i * width + j]!);
            }
            data[at++] = best;
          }
        }
      }
    }
    return [{ type: x.type, dims, data }];
  },
});
