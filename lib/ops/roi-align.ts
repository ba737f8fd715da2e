import type { FloatArray } from '../backend/backend.js';
import type { Node } from '../ir/node.js';
import type { ValueFacts } from './operator.js';
import { floatsOf, numbersOf, required } from './run-tensor.js';
import { floatOf, nodeError, operator } from './schema.js';

const { fround } = Math;

/** Sample points along one axis of a region, `perBin` in each bin. */
interface Samples {
  readonly perBin: number;
  readonly points: readonly number[];
}

interface Grid {
  readonly scale: number;
  readonly halfPixel: boolean;
  /** Sample points per bin and axis; 0: the number of elements that a bin covers, rounded up. */
  readonly ratio: number;
}

/** In float32 step by step, as in other engines: the number of points depends on the last bit. */
function samplesOf(low: number, high: number, bins: number, grid: Grid): Samples {
  const offset = grid.halfPixel ? 0.5 : 0;
  const start = fround(fround(low * grid.scale) - offset);
  const end = fround(fround(high * grid.scale) - offset);
  const extent = fround(end - start);
  // Before opset 16 a region has at least one element.
  const size = grid.halfPixel ? extent : Math.max(1, extent);
  const bin = fround(size / bins);
  const perBin = grid.ratio > 0 ? grid.ratio : Math.max(0, Math.ceil(bin));
  const points = Array.from({ length: bins * perBin }, (_, i) => {
    const inBin = fround(fround(((i % perBin) + 0.5) * bin) / perBin);
    return fround(fround(start + fround(Math.floor(i / perBin) * bin)) + inBin);
  });
  return { perBin, points };
}

/** The two elements around a point, and the weight of the second; undefined outside. */
function around(point: number, size: number): readonly [number, number, number] | undefined {
  if (!(point >= -1 && point <= size)) return undefined;
  const inside = Math.max(0, point);
  const low = Math.floor(inside);
  return low >= size - 1 ? [size - 1, size - 1, 0] : [low, low + 1, inside - low];
}

function halfPixelOf(node: Node): boolean {
  const mode =
    node.opset < 16
      ? 'output_half_pixel'
      : (node.attribute('coordinate_transformation_mode', 'string') ?? 'half_pixel');
  if (mode !== 'half_pixel' && mode !== 'output_half_pixel') {
    throw nodeError(node, 'ERR_MODEL', `coordinate_transformation_mode ${mode} is not known`);
  }
  return mode === 'half_pixel';
}

function isMax(node: Node): boolean {
  const mode = node.attribute('mode', 'string') ?? 'avg';
  if (mode !== 'avg' && mode !== 'max')
    throw nodeError(node, 'ERR_MODEL', `mode ${mode} is not known`);
  return mode === 'max';
}

/**
 * The mean or the maximum of interpolated points in each bin of each region (He et al. 2017,
 * section 3). As in ONNX and onnxruntime, the maximum is over the weighted neighbours of the
 * points, not over their sums.
 */
export const roiAlign = operator('RoiAlign', {
  since: 10,
  inputs: [3, 3],
  infer(node, [x, rois]): ValueFacts[] {
    const height = node.attribute('output_height', 'int') ?? 1;
    const width = node.attribute('output_width', 'int') ?? 1;
    return [{ type: x?.type, dims: [rois?.dims?.[0], x?.dims?.[1], height, width] }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const rois = required(node, inputs, 1);
    const images = numbersOf(required(node, inputs, 2));
    const [batch, channels, height, width] = x.dims as [number, number, number, number];
    const count = rois.dims[0]!;
    if (x.dims.length !== 4 || rois.dims[1] !== 4 || images.length !== count) {
      throw nodeError(node, 'ERR_MODEL', 'the shapes of its inputs do not fit each other');
    }
    if (images.some((image) => !(image >= 0 && image < batch))) {
      throw nodeError(node, 'ERR_MODEL', `a region is of an image outside a batch of ${batch}`);
    }
    const rows = node.attribute('output_height', 'int') ?? 1;
    const columns = node.attribute('output_width', 'int') ?? 1;
    const grid = {
      scale: floatOf(node, 'spatial_scale', 1),
      halfPixel: halfPixelOf(node),
      ratio: node.attribute('sampling_ratio', 'int') ?? 0,
    };
    const max = isMax(node);
    const [source, corners] = [floatsOf(node, x), floatsOf(node, rois)];
    const dims = [count, channels, rows, columns];
    const data = call.allocate(x.type, dims) as FloatArray;
    for (let roi = 0; roi < count; roi++) {
      const [left, top, right, bottom] = corners.subarray(roi * 4) as unknown as number[];
      const ys = samplesOf(top!, bottom!, rows, grid);
      const xs = samplesOf(left!, right!, columns, grid);
      for (let bin = 0; bin < rows * columns; bin++) {
        const taps = tapsOf(ys, xs, [Math.floor(bin / columns), bin % columns], [height, width]);
        for (let c = 0; c < channels; c++) {
          const from = (images[roi]! * channels + c) * height * width;
          let sum = 0;
          let best = -Infinity;
          for (let i = 0; i < taps.offsets.length; i++) {
            const value = taps.weights[i]! * source[from + taps.offsets[i]!]!;
            sum += value;
            best = Math.max(best, value);
          }
          const mean = sum / Math.max(1, ys.perBin * xs.perBin);
          const largest = taps.offsets.length === 0 ? 0 : best;
          data[(roi * channels + c) * rows * columns + bin] = max ? largest : mean;
        }
      }
    }
    return [{ type: x.type, dims, data }];
  },
});

/**
 * Offsets and weights of the four elements around each point of a bin; one element of weight 0 for
 * a point outside.
 */
function tapsOf(
  ys: Samples,
  xs: Samples,
  [row, column]: readonly [number, number],
  [height, width]: readonly [number, number],
): { readonly offsets: number[]; readonly weights: number[] } {
  const [offsets, weights]: [number[], number[]] = [[], []];
  for (let i = row * ys.perBin; i < (row + 1) * ys.perBin; i++) {
    for (let j = column * xs.perBin; j < (column + 1) * xs.perBin; j++) {
      const [v, h] = [around(ys.points[i]!, height), around(xs.points[j]!, width)];
      if (v === undefined || h === undefined) {
        offsets.push(0);
        weights.push(0);
        continue;
      }
      const [top, bottom, down] = v;
      const [left, right, along] = h;
      offsets.push(top * width + left, top * width + right);
      offsets.push(bottom * width + left, bottom * width + right);
      weights.push((1 - down) * (1 - along), (1 - down) * along);
      weights.push(down * (1 - along), down * along);
    }
  }
  return { offsets, weights };
}
