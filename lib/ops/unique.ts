import type { Node } from '../ir/node.js';
import { elementCount } from '../tensor/shape.js';
import { knownDims } from './facts.js';
import type { Evaluation, RunTensor, ValueFacts } from './operator.js';
import { required } from './run-tensor.js';
import { axisOf, operator } from './schema.js';
import { copyElements, type Elements } from './strided.js';

/** The axis whose entries are compared; undefined: all elements are one row. */
function axisAttribute(node: Node, rank: number): number | undefined {
  const axis = node.attribute('axis', 'int');
  return axis === undefined ? undefined : axisOf(node, axis, rank);
}

/** Compares in ascending order. As in numpy, NaN comes last and is equal to itself. */
function order(x: number, y: number): number {
  if (x < y) return -1;
  if (x > y) return 1;
  return Number(x !== x) - Number(y !== y);
}

/** Entries along an axis: `outer` runs of `inner` elements each. */
interface Entries {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

function compare(x: Elements, { outer, size, inner }: Entries, a: number, b: number): number {
  for (let o = 0; o < outer; o++) {
    const [left, right] = [(o * size + a) * inner, (o * size + b) * inner];
    for (let i = 0; i < inner; i++) {
      const result = order(x[left + i]!, x[right + i]!);
      if (result !== 0) return result;
    }
  }
  return 0;
}

/** Groups equal entries. Groups are in ascending order, or in the order of their first entries. */
function groupsOf(x: Elements, entries: Entries, sorted: boolean): number[][] {
  const places = Array.from({ length: entries.size }, (_, at) => at);
  places.sort((a, b) => compare(x, entries, a, b));
  const groups: number[][] = [];
  for (const at of places) {
    const last = groups.at(-1);
    if (last !== undefined && compare(x, entries, last[0]!, at) === 0) last.push(at);
    else groups.push([at]);
  }
  return sorted ? groups : groups.sort((a, b) => a[0]! - b[0]!);
}

function vector(call: Evaluation, values: readonly number[]): RunTensor {
  const data = call.allocate('int64', [values.length]) as BigInt64Array;
  for (let i = 0; i < values.length; i++) data[i] = BigInt(values[i]!);
  return { type: 'int64', dims: [values.length], data };
}

/**
 * Four outputs: the distinct entries; the index of the first occurrence of each; for every entry
 * its index among the distinct ones; the count of each.
 */
export const unique = operator('Unique', {
  since: 11,
  outputs: [1, 4],
  infer(node, [x]): ValueFacts[] {
    const counts: ValueFacts = { type: 'int64', dims: [undefined] };
    if (x?.dims === undefined) return [{ type: x?.type, dims: undefined }, counts, counts, counts];
    const axis = axisAttribute(node, x.dims.length);
    const known = knownDims(x);
    const size = axis === undefined ? known && elementCount(known) : x.dims[axis];
    const dims = axis === undefined ? [undefined] : x.dims.with(axis, undefined);
    return [{ type: x.type, dims }, counts, { type: 'int64', dims: [size] }, counts];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const axis = axisAttribute(node, x.dims.length);
    const shape = axis === undefined ? [x.data.length] : x.dims;
    const at = axis ?? 0;
    const size = shape[at]!;
    const inner = elementCount(shape.slice(at + 1));
    const outer = elementCount(shape.slice(0, at));
    const sorted = (node.attribute('sorted', 'int') ?? 1) !== 0;
    const groups = groupsOf(x.data as unknown as Elements, { outer, size, inner }, sorted);
    const dims = shape.with(at, groups.length);
    const data = call.allocate(x.type, dims);
    for (let o = 0, to = 0; o < outer; o++) {
      for (const [first] of groups) {
        copyElements(data, to, x.data, (o * size + first!) * inner, inner);
        to += inner;
      }
    }
    const inverse = new Array<number>(size);
    groups.forEach((group, i) => group.forEach((place) => (inverse[place] = i)));
    return [
      { type: x.type, dims, data },
      vector(
        call,
        groups.map(([first]) => first!),
      ),
      vector(call, inverse),
      vector(
        call,
        groups.map(({ length }) => length),
      ),
    ];
  },
});
