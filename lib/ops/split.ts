import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { elementCount, stridesOf } from '../tensor/shape.js';
import { channelsOf } from './block-copy.js';
import { typeOnly } from './facts.js';
import { listFacts, listOf } from './list-parameter.js';
import type { Moved, Repeatable, ValueFacts } from './operator.js';
import { othersConstant, runMovable } from './repeatable.js';
import { required } from './run-tensor.js';
import { ANY, axisOf, nodeError, operator } from './schema.js';
import { stridedFrom } from './strided.js';

/** Sizes of the parts: as listed, or equal, with a smaller last one where they do not divide. */
function partSizes(node: Node, size: number, list: readonly number[] | undefined): number[] {
  const count = node.outputs.length;
  if (list !== undefined) {
    if (list.length !== count || list.some((part) => part < 0) || sum(list) !== size) {
      throw nodeError(node, 'ERR_MODEL', `split ${list.join()} does not make up ${size}`);
    }
    return [...list];
  }
  if (node.opset < 18 && size % count !== 0) {
    throw nodeError(node, 'ERR_MODEL', `${size} does not split into ${count} equal parts`);
  }
  const part = Math.ceil(size / count);
  return node.outputs.map((_, i) => Math.max(0, Math.min(part, size - i * part)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export const split = operator('Split', {
  inputs: [1, 2],
  outputs: [1, ANY],
  infer(node, inputs): ValueFacts[] {
    const [x] = inputs;
    const dims = x?.dims;
    const list = listFacts(node, inputs, 1, 'split');
    if (dims === undefined || list === 'unknown') return node.outputs.map(() => typeOnly(x));
    const axis = axisOf(node, node.attribute('axis', 'int') ?? 0, dims.length);
    const size = dims[axis];
    const sizes: readonly Dim[] =
      typeof size === 'number'
        ? partSizes(node, size, list)
        : (list ?? node.outputs.map(() => undefined));
    return node.outputs.map((_, i) => ({
      type: x?.type,
      dims: dims.map((keep, at) => (at === axis ? sizes[i] : keep)),
    }));
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const axis = axisOf(node, node.attribute('axis', 'int') ?? 0, x.dims.length);
    const strides = stridesOf(x.dims);
    const inner = elementCount(x.dims.slice(axis + 1));
    const outer = elementCount(x.dims.slice(0, axis));
    // The input is seen as rows, so that whole runs of size * inner elements are copied.
    const rows = [strides[axis]! * x.dims[axis]!, 1];
    let at = 0;
    const sizes = partSizes(node, x.dims[axis]!, listOf(node, inputs, 1, 'split'));
    const parts = sizes.map((size, output) => {
      const shape = x.dims.map((keep, i) => (i === axis ? size : keep));
      const offset = at * inner;
      at += size;
      const { layout } = x;
      if (layout !== undefined) {
        return channelsOf(call, { ...x, layout }, shape, at - size, call.layouts[output]!);
      }
      const dims = [outer, size * inner];
      return movedOf(stridedFrom(call, x, { dims, strides: rows, offset, shape }));
    });
    return runMovable(call, [x], parts, othersConstant(call, inputs));
  },
});

/** A Repeatable of input 0, as one of several outputs. */
function movedOf({ type, dims, part, run }: Repeatable): Moved {
  return { type, dims, part, run: run && (([x], y) => run(x!, undefined, y)) };
}
