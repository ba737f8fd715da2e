import type { FloatArray } from '../backend/backend.js';
import type { Node } from '../ir/node.js';
import { dimsText, elementCount, stridesOf } from '../tensor/shape.js';
import { typeOnly } from './facts.js';
import type { ValueFacts } from './operator.js';
import { combined, linearNeighbours, sumOf, type Neighbours, type Tap } from './point-taps.js';
import { nearest } from './quantize-linear.js';
import { floatsOf, required } from './run-tensor.js';
import { cubicWeights } from './sampling.js';
import { nodeError, operator } from './schema.js';

const { fround } = Math;

/** Maps an index outside an axis to one inside; below 0: the element counts as 0. */
type Border = (index: number, size: number) => number;

/** Reflects an index at the ends of [low, high] until it is inside. */
function reflected(index: number, low: number, high: number): number {
  const range = high - low;
  const beyond = index < low ? low - index : index - high;
  if (beyond <= 0) return index;
  if (range === 0) return low;
  const turns = Math.trunc(beyond / range);
  const rest = beyond - turns * range;
  return (turns % 2 === 0) === index < low ? low + rest : high - rest;
}

function borderOf(node: Node, aligned: boolean): Border {
  const mode = node.attribute('padding_mode', 'string') ?? 'zeros';
  switch (mode) {
    case 'zeros':
      return (index, size) => (index >= 0 && index < size ? index : -1);
    case 'border':
      return (index, size) => Math.max(0, Math.min(size - 1, index));
    case 'reflection':
      return (index, size) => {
        const at = aligned ? reflected(index, 0, size - 1) : reflected(index, -0.5, size - 0.5);
        return Math.trunc(at);
      };
    default:
      throw nodeError(node, 'ERR_MODEL', `padding_mode is ${JSON.stringify(mode)}`);
  }
}

/** A function that returns the neighbours of a point along one axis, and their weights. */
function neighboursOf(node: Node): (point: number) => Neighbours {
  const mode = node.attribute('mode', 'string') ?? 'linear';
  switch (mode) {
    case 'nearest':
      return (point) => [nearest(point), [1]];
    case 'linear':
    case 'bilinear':
      return linearNeighbours;
    case 'cubic':
    case 'bicubic':
      return (point) => {
        const first = Math.floor(point);
        return [first - 1, cubicWeights(point - first, -0.75)];
      };
    default:
      throw nodeError(node, 'ERR_MODEL', `mode is ${JSON.stringify(mode)}`);
  }
}

/**
 * y[n, c, at] = x[n, c, grid[n, at]], interpolated. With align_corners, -1 and 1 are the centres of
 * the outermost elements, else their outer edges. Coordinates are computed in float32, as in
 * onnxruntime and PyTorch, because the last bit decides which element is nearest.
 */
export const gridSample = operator('GridSample', {
  since: 16,
  inputs: [2, 2],
  infer(_node, [x, grid]): ValueFacts[] {
    if (x?.dims === undefined || grid?.dims === undefined) return [typeOnly(x)];
    return [{ type: x.type, dims: [x.dims[0], x.dims[1], ...grid.dims.slice(1, -1)] }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const grid = required(node, inputs, 1);
    const spatial = x.dims.slice(2);
    const rank = spatial.length;
    const fits = grid.dims.length === rank + 2 && grid.dims[0] === x.dims[0];
    if (rank < 1 || !fits || grid.dims[rank + 1] !== rank) {
      const text = `a grid of ${dimsText(grid.dims)} does not fit an input of ${dimsText(x.dims)}`;
      throw nodeError(node, 'ERR_MODEL', text);
    }
    const aligned = node.attribute('align_corners', 'int') === 1;
    const [border, neighbours] = [borderOf(node, aligned), neighboursOf(node)];
    const [source, points] = [floatsOf(node, x), floatsOf(node, grid)];
    const [batch, channels, plane] = [x.dims[0]!, x.dims[1]!, elementCount(spatial)];
    const dims = [batch, channels, ...grid.dims.slice(1, -1)];
    const count = elementCount(dims.slice(2));
    const strides = stridesOf(spatial);
    const data = call.allocate(x.type, dims) as FloatArray;
    for (let at = 0; at < batch * count; at++) {
      let taps: Tap[] = [{ offset: 0, weight: 1 }];
      for (let axis = 0; axis < rank; axis++) {
        const size = spatial[axis]!;
        // The grid has the coordinate of the last axis first.
        const place = points[at * rank + rank - 1 - axis]!;
        const point = aligned
          ? fround(fround(fround(place + 1) / 2) * (size - 1))
          : fround(fround(fround(fround(place + 1) * size) - 1) / 2);
        taps = combined(taps, neighbours(point), (index) => border(index, size) * strides[axis]!);
      }
      const [n, to] = [Math.floor(at / count), at % count];
      for (let c = 0; c < channels; c++) {
        const from = (n * channels + c) * plane;
        data[(n * channels + c) * count + to] = sumOf(taps, source, from);
      }
    }
    return [{ type: x.type, dims, data }];
  },
});
