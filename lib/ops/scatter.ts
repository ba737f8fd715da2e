// ScatterElements and ScatterND: copy a tensor, and replace the elements or subtensors that indices
// select by updates, or combine them with updates.

import type { Node } from '../ir/node.js';
import type { DataType, TensorData } from '../tensor/dtype.js';
import { dimsText, sameDims } from '../tensor/shape.js';
import { likeInput } from './facts.js';
import { placesAlong, tuplesOf, type Tuples } from './indices.js';
import type { Evaluation, Operator, RunTensor } from './operator.js';
import { ringOf } from './ring.js';
import { required } from './run-tensor.js';
import { axisOf, nodeError, operator } from './schema.js';
import { copyElements, type Elements } from './strided.js';

/** Combines an element with its update. */
type Combine = (old: number, update: number) => number;

/** As in numpy, a NaN on either side gives NaN. */
const larger: Combine = (old, update) => (update > old || update !== update ? update : old);

const smaller: Combine = (old, update) => (update < old || update !== update ? update : old);

/** What `reduction` names; undefined where updates replace. @throws ConvfuseError */
function combineOf(node: Node, type: DataType): Combine | undefined {
  const reduction = node.attribute('reduction', 'string') ?? 'none';
  if (reduction === 'none') return undefined;
  const ring = ringOf(type);
  if (ring === undefined) {
    throw nodeError(
      node,
      'ERR_UNSUPPORTED',
      `reduction ${reduction} of ${type} elements is not supported`,
    );
  }
  switch (reduction) {
    case 'add':
      return ring.add;
    case 'mul':
      return ring.multiply;
    case 'max':
      return larger;
    case 'min':
      return smaller;
    default:
      throw nodeError(node, 'ERR_MODEL', `reduction is ${JSON.stringify(reduction)}`);
  }
}

/** Input 2, whose type and dimensions are checked. @throws ConvfuseError ERR_MODEL */
function updatesOf(
  node: Node,
  inputs: readonly (RunTensor | undefined)[],
  dims: readonly number[],
): TensorData {
  const updates = required(node, inputs, 2);
  const { type } = required(node, inputs, 0);
  if (updates.type === type && sameDims(updates.dims, dims)) return updates.data;
  const wanted = `expected ${type} updates of ${dimsText(dims)}`;
  throw nodeError(
    node,
    'ERR_MODEL',
    `${wanted}, received ${updates.type} of ${dimsText(updates.dims)}`,
  );
}

/** Applies updates in the order of the indices, so that the last one to an element wins. */
function scatter(
  call: Evaluation,
  x: RunTensor,
  updates: TensorData,
  { places, length }: Omit<Tuples, 'dims'>,
): RunTensor {
  const combine = combineOf(call.node, x.type);
  const data = call.allocate(x.type, x.dims);
  copyElements(data, 0, x.data, 0, x.data.length);
  const [out, source] = [data as unknown as Elements, updates as unknown as Elements];
  for (let row = 0, from = 0; row < places.length; row++, from += length) {
    const at = places[row]!;
    if (combine === undefined) {
      if (length === 1) out[at] = source[from]!;
      else copyElements(data, at, updates, from, length);
    } else {
      for (let i = 0; i < length; i++) out[at + i] = combine(out[at + i]!, source[from + i]!);
    }
  }
  return { type: x.type, dims: x.dims, data };
}

/** y[i, indices[i, j, k], k] = updates[i, j, k] for axis 1, and so on. */
const elements = {
  inputs: [3, 3],
  infer: likeInput,
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const indices = required(node, inputs, 1);
    const axis = axisOf(node, node.attribute('axis', 'int') ?? 0, x.dims.length);
    const updates = updatesOf(node, inputs, indices.dims);
    const places = placesAlong(node, x.dims, indices, axis);
    return [scatter(call, x, updates, { places, length: 1 })];
  },
} satisfies Partial<Operator>;

export const scatters: readonly Operator[] = [
  operator('Scatter', { ...elements, since: 9, until: 10 }),
  operator('ScatterElements', { ...elements, since: 11 }),
  /** y[indices[i, 0], indices[i, 1], ..., ...] = updates[i, ...]. */
  operator('ScatterND', {
    since: 11,
    inputs: [3, 3],
    infer: likeInput,
    evaluate(call, inputs) {
      const { node } = call;
      const x = required(node, inputs, 0);
      const tuples = tuplesOf(node, x.dims, required(node, inputs, 1));
      return [scatter(call, x, updatesOf(node, inputs, tuples.dims), tuples)];
    },
  }),
];
