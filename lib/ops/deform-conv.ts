import type { FloatArray } from '../backend/backend.js';
import { dimsText, elementCount, stridesOf } from '../tensor/shape.js';
import { resolveWindow } from '../tensor/window.js';
import { convDims, convGeometry, convMacs } from './conv.js';
import type { Evaluation, RunTensor, ValueFacts } from './operator.js';
import { combined, linearNeighbours, sumOf, type Tap } from './point-taps.js';
import { floatArray, floatsOf, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';
import { withLabel } from './window.js';

/** The geometry for fillColumns(). */
interface Columns {
  readonly origins: readonly (readonly number[])[];
  readonly taps: readonly (readonly number[])[];
  readonly spatial: readonly number[];
  readonly channels: number;
  readonly offsetGroups: number;
}

/** Writes [channels, taps, points]: the input at each tap, moved by its offset, times its mask. */
function fillColumns(
  { origins, taps, spatial, channels, offsetGroups }: Columns,
  x: FloatArray,
  offsets: FloatArray,
  mask: FloatArray | undefined,
  columns: FloatArray,
): void {
  const rank = spatial.length;
  const [strides, plane, points] = [stridesOf(spatial), elementCount(spatial), origins.length];
  const perGroup = channels / offsetGroups;
  for (let index = 0; index < offsetGroups * taps.length; index++) {
    const [group, tap] = [Math.floor(index / taps.length), index % taps.length];
    for (let point = 0; point < points; point++) {
      let around: Tap[] = [{ offset: 0, weight: mask?.[index * points + point] ?? 1 }];
      for (let axis = 0; axis < rank; axis++) {
        const moved = offsets[(index * rank + axis) * points + point]!;
        const place = origins[point]![axis]! + taps[tap]![axis]! + moved;
        const size = spatial[axis]!;
        const step = strides[axis]!;
        around = combined(around, linearNeighbours(place), (i) =>
          i < 0 || i >= size ? -1 : i * step,
        );
      }
      for (let c = group * perGroup; c < (group + 1) * perGroup; c++) {
        columns[(c * taps.length + tap) * points + point] = sumOf(around, x, c * plane);
      }
    }
  }
}

/** All multi-dimensional indices of a box in row-major order, times `steps`, minus `begin`. */
function placesOf(
  sizes: readonly number[],
  steps: readonly number[],
  begin: readonly number[],
): number[][] {
  const strides = stridesOf(sizes);
  return Array.from({ length: elementCount(sizes) }, (_, at) =>
    sizes.map(
      (size, axis) => (Math.floor(at / strides[axis]!) % size) * steps[axis]! - begin[axis]!,
    ),
  );
}

function evaluateDeformConv(
  call: Evaluation,
  inputs: readonly (RunTensor | undefined)[],
): RunTensor[] {
  const { node, backend } = call;
  const [x, w, offset] = [0, 1, 2].map((i) => required(node, inputs, i)) as [
    RunTensor,
    RunTensor,
    RunTensor,
  ];
  const [bias, mask] = [inputs[3], inputs[4]];
  const { window, groups, outputChannels, inputChannels } = convGeometry(node, x.dims, w.dims);
  const [batch, spatial] = [x.dims[0]!, x.dims.slice(2)];
  const { padBegin, output } = resolveWindow(window, spatial);
  const offsetGroups = node.attribute('offset_group', 'int') ?? 1;
  const taps = placesOf(
    window.kernel,
    window.dilations,
    spatial.map(() => 0),
  );
  const rank = spatial.length;
  const expect = (tensor: RunTensor | undefined, dims: readonly number[], name: string): void => {
    if (tensor === undefined || tensor.dims.join() === dims.join()) return;
    throw nodeError(
      node,
      'ERR_MODEL',
      `${name} is ${dimsText(tensor.dims)}, not ${dimsText(dims)}`,
    );
  };
  const moves = offsetGroups * taps.length;
  if (offsetGroups < 1 || inputChannels % offsetGroups !== 0) {
    throw nodeError(
      node,
      'ERR_MODEL',
      `${inputChannels} channels do not divide into ${offsetGroups} offset groups`,
    );
  }
  expect(offset, [batch, moves * rank, ...output], 'offset');
  expect(mask, [batch, moves, ...output], 'mask');
  expect(bias, [outputChannels], 'bias');
  const origins = placesOf(output, window.strides, padBegin);
  const points = origins.length;
  const sizes = { origins, taps, spatial, channels: inputChannels, offsetGroups };
  const dims = [batch, outputChannels, ...output];
  const data = call.allocate(x.type, dims) as FloatArray;
  const columns = floatArray(x.type, call.arithmetic, inputChannels * taps.length * points);
  const part = (tensor: RunTensor, n: number): FloatArray => {
    const size = elementCount(tensor.dims.slice(1));
    return floatsOf(node, tensor).subarray(n * size, (n + 1) * size);
  };
  const [m, k] = [outputChannels / groups, (inputChannels / groups) * taps.length];
  const biases = bias && floatsOf(node, bias);
  for (let n = 0; n < batch; n++) {
    fillColumns(sizes, part(x, n), part(offset, n), mask && part(mask, n), columns);
    const image = data.subarray(n * outputChannels * points, (n + 1) * outputChannels * points);
    for (let c = 0; c < outputChannels; c++) {
      image.fill(biases?.[c] ?? 0, c * points, (c + 1) * points);
    }
    for (let g = 0; g < groups && points > 0; g++) {
      const a = floatsOf(node, w).subarray(g * m * k, (g + 1) * m * k);
      const b = columns.subarray(g * k * points, (g + 1) * k * points);
      const c = image.subarray(g * m * points, (g + 1) * m * points);
      const shape = { m, n: points, k, transA: false, transB: false, alpha: 1, beta: 1 };
      backend.gemm({ a, b, c, ...shape });
    }
  }
  return [{ type: x.type, dims, data }];
}

/** A convolution whose taps are moved by offsets, and weighted by a mask (Zhu et al. 2019, section 3.1). */
export const deformConv = operator('DeformConv', {
  since: 19,
  inputs: [3, 5],
  infer: (node, [x, w]): ValueFacts[] => [{ type: x?.type, dims: convDims(node, x, w) }],
  macs: (_node, [, w], [y]) => convMacs(w, y),
  evaluate: (call, inputs) => withLabel(call.node, () => evaluateDeformConv(call, inputs)),
});
