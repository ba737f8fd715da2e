// DepthToSpace and SpaceToDepth: blocks of channels to blocks of pixels and back, as one
// transposition of six axes.

import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { stridesOf } from '../tensor/shape.js';
import { typeOnly } from './facts.js';
import type { Evaluation, Operator, RunTensor, ValueFacts } from './operator.js';
import { required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';
import { strided } from './strided.js';

function blockSize(node: Node): number {
  const size = node.attribute('blocksize', 'int');
  if (size === undefined || size < 1) throw nodeError(node, 'ERR_MODEL', 'blocksize is missing');
  return size;
}

function scaled(size: Dim, factor: number): Dim {
  return typeof size === 'number' ? size * factor : undefined;
}

function permute(
  call: Evaluation,
  x: RunTensor,
  view: readonly number[],
  order: readonly number[],
  dims: readonly number[],
): RunTensor[] {
  if (dims.some((size) => !Number.isInteger(size))) {
    throw nodeError(call.node, 'ERR_MODEL', 'blocksize does not divide the input');
  }
  const own = stridesOf(view);
  const sizes = order.map((axis) => view[axis]!);
  const strides = order.map((axis) => own[axis]!);
  return [strided(call, x, { dims: sizes, strides, shape: dims }, true)];
}

export const depthToSpaces: readonly Operator[] = [
  operator('DepthToSpace', {
    infer(node, [x]): ValueFacts[] {
      if (x?.dims === undefined) return [typeOnly(x)];
      const b = blockSize(node);
      const [n, c, h, w] = x.dims;
      return [{ type: x.type, dims: [n, scaled(c, 1 / b ** 2), scaled(h, b), scaled(w, b)] }];
    },
    evaluate(call, inputs) {
      const x = required(call.node, inputs, 0);
      const b = blockSize(call.node);
      const [n, c, h, w] = x.dims as [number, number, number, number];
      const depth = c / b ** 2;
      const dims = [n, depth, h * b, w * b];
      const mode = call.node.attribute('mode', 'string') ?? 'DCR';
      if (mode !== 'DCR' && mode !== 'CRD')
        throw nodeError(call.node, 'ERR_MODEL', `mode ${mode} is not known`);
      // DCR takes the block from the outer part of the channel axis, CRD from the inner one.
      return mode === 'DCR'
        ? permute(call, x, [n, b, b, depth, h, w], [0, 3, 4, 1, 5, 2], dims)
        : permute(call, x, [n, depth, b, b, h, w], [0, 1, 4, 2, 5, 3], dims);
    },
  }),
  operator('SpaceToDepth', {
    infer(node, [x]): ValueFacts[] {
      if (x?.dims === undefined) return [typeOnly(x)];
      const b = blockSize(node);
      const [n, c, h, w] = x.dims;
      return [{ type: x.type, dims: [n, scaled(c, b ** 2), scaled(h, 1 / b), scaled(w, 1 / b)] }];
    },
    evaluate(call, inputs) {
      const x = required(call.node, inputs, 0);
      const b = blockSize(call.node);
      const [n, c, h, w] = x.dims as [number, number, number, number];
      const dims = [n, c * b ** 2, h / b, w / b];
      return permute(call, x, [n, c, h / b, b, w / b, b], [0, 3, 5, 1, 2, 4], dims);
    },
  }),
];
