import type { Node } from '../ir/node.js';
import { elementCount } from '../tensor/shape.js';
import { elementsOf, typeOnly } from './facts.js';
import type { RunTensor, ValueFacts } from './operator.js';
import type { Elements } from './strided.js';
import { numbersOf, required } from './run-tensor.js';
import { axisOf, nodeError, operator } from './schema.js';

function axisAttribute(node: Node, rank: number): number {
  return axisOf(node, node.attribute('axis', 'int') ?? -1, rank);
}

function countOfTop(node: Node, input: RunTensor | undefined): number {
  const k = node.opset < 10 ? node.attribute('k', 'int') : input && numbersOf(input)[0];
  if (k === undefined || k < 0) throw nodeError(node, 'ERR_MODEL', 'k is missing or negative');
  return k;
}

/** The k largest (or smallest) along an axis, in order; of equal ones the earlier first. */
export const topK = operator('TopK', {
  inputs: [1, 2],
  outputs: [2, 2],
  infer(node, [x, k]): ValueFacts[] {
    const dims = x?.dims;
    if (dims === undefined) return [typeOnly(x), { type: 'int64', dims: undefined }];
    const count = node.opset < 10 ? node.attribute('k', 'int') : elementsOf(k)?.[0];
    const axis = axisAttribute(node, dims.length);
    const out = dims.map((size, at) => (at === axis ? count : size));
    return [
      { type: x?.type, dims: out },
      { type: 'int64', dims: out },
    ];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const axis = axisAttribute(node, x.dims.length);
    const size = x.dims[axis]!;
    const k = countOfTop(node, inputs[1]);
    if (k > size) throw nodeError(node, 'ERR_ARGUMENT', `k is ${k}, the axis has ${size} elements`);
    const sign = (node.attribute('largest', 'int') ?? 1) === 1 ? -1 : 1; // largest first
    const dims = x.dims.map((keep, at) => (at === axis ? k : keep));
    const values = call.allocate(x.type, dims);
    const indices = call.allocate('int64', dims) as BigInt64Array;
    const source = x.data as unknown as Elements;
    const out = values as unknown as Elements;
    const inner = elementCount(x.dims.slice(axis + 1));
    const outer = elementCount(x.dims.slice(0, axis));
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const from = o * size * inner + i;
        const order = Array.from({ length: size }, (_, at) => at);
        order.sort((a, b) => {
          const [left, right] = [source[from + a * inner]!, source[from + b * inner]!];
          return left === right ? a - b : left < right ? -sign : sign;
        });
        for (let rank = 0; rank < k; rank++) {
          const at = (o * k + rank) * inner + i;
          out[at] = source[from + order[rank]! * inner]!;
          indices[at] = BigInt(order[rank]!);
        }
      }
    }
    return [
      { type: x.type, dims, data: values },
      { type: 'int64', dims, data: indices },
    ];
  },
});
