import type { Node } from '../ir/node.js';
import type { Condition, Refusal } from '../rewrite/rule.js';
import { readStatistics } from './batch-norm.js';
import { storedOperand } from './channel-constant.js';
import type { BiasSum, FoldMatch } from './guards.js';
import { readLayer } from './layer.js';
import { parameterOf } from './parameter.js';
import { normalizeAxis } from '../tensor/shape.js';

/** A matrix product, and the nodes from it to a batch norm, in the order of the data. */
interface ProductPath {
  readonly layer: Node;
  readonly via: Node[];
  /** The first node of `via`, where that is an Add of a bias. */
  readonly sum: BiasSum | undefined;
}

/**
 * Finds the matrix product behind a batch norm's input, through a Reshape or an Unsqueeze, a
 * Transpose, or both in this order. In this way a product over NHWC data reaches a batch norm over
 * NCHW, and a vector one that wants an axis behind its channels. The bias of a MatMul may be an Add
 * behind it.
 */
export function productBefore(bn: Node, opType: string): ProductPath | undefined {
  const via: Node[] = [];
  let node = bn.optionalInput(0)?.producer;
  for (const between of [['Transpose'], ['Reshape', 'Unsqueeze']]) {
    if (node === undefined || !between.some((opType) => node!.is(opType))) continue;
    via.unshift(node);
    node = node.optionalInput(0)?.producer;
  }
  if (node?.is(opType) === true) return { layer: node, via, sum: undefined };
  const operands = node?.is('Add') === true ? storedOperand(node) : undefined;
  const layer = operands?.other.producer;
  if (opType !== 'MatMul' || operands === undefined || layer?.is(opType) !== true) return undefined;
  return { layer, via: [node!, ...via], sum: { node: node!, ...operands } };
}

/** The channels of a batch norm are axis 1; the columns of a product are its last axis. */
export const columnsAreChannels: Condition<FoldMatch> = {
  name: 'columns-are-channels',
  doc: "The columns of the product are axis 1 of the batch norm's input, directly or through the nodes between.",
  check({ layer, via = [] }, facts) {
    const rank = layer.is('Gemm') ? 2 : facts.dims(layer.input(0))?.length;
    if (rank === undefined || rank < 2) {
      const what = rank === undefined ? 'an unknown rank' : `rank ${rank}`;
      return {
        reason: 'shape',
        detail: `the input of ${layer.label} has ${what}, expected 2 at least`,
      };
    }
    const read = readLayer(layer);
    return 'reason' in read ? read : pathRefusal(layer, via, rank, read.geometry.outputChannels);
  },
};

/** Only a product of two matrices can become a Gemm, which has a bias. */
export const biasHasPlace: Condition<FoldMatch> = {
  name: 'bias-has-place',
  doc: 'The MatMul multiplies a matrix and becomes a Gemm, or an Add of one number per column follows it, or mean and B are 0.',
  check({ layer, absorbed, sum }, facts) {
    if (sum !== undefined) {
      const read = readLayer(layer);
      if ('reason' in read) return read;
      const dims = parameterOf(sum.constant)?.dims ?? [];
      const fits =
        dims.length === 0 ||
        (dims.length === 1 && [1, read.geometry.outputChannels].includes(dims[0]!));
      if (fits) return undefined;
      const detail = `${sum.constant.name} is [${dims.join(', ')}], not one number per column of ${layer.label}`;
      return { reason: 'broadcast', detail };
    }
    if (facts.dims(layer.input(0))?.length === 2) return undefined;
    const { mean, beta } = readStatistics(absorbed);
    if ([...mean, ...beta].every((value) => value === 0)) return undefined;
    const detail = `MatMul ${layer.label} has no bias to take the shift of ${absorbed.label}: its input is no matrix`;
    return { reason: 'shape', detail };
  },
};

function pathRefusal(
  layer: Node,
  via: readonly Node[],
  from: number,
  columns: number,
): Refusal | undefined {
  let [axis, rank] = [from - 1, from];
  for (const node of via) {
    if (node.is('Add')) continue;
    const moved = node.is('Reshape')
      ? reshaped(node, columns)
      : node.is('Unsqueeze')
        ? unsqueezed(node, rank, axis)
        : transposed(node, rank, axis);
    if (moved === undefined) return lost(node);
    ({ axis, rank } = moved);
  }
  if (axis === 1) return undefined;
  const last = via.at(-1);
  if (last !== undefined && !last.is('Add')) return lost(last);
  return { reason: 'shape', detail: `the columns of ${layer.label} are axis ${axis} of ${rank}` };
}

function lost(node: Node): Refusal {
  const detail = `${node.opType} ${node.label} does not bring the columns to axis 1`;
  return { reason: 'shape', detail };
}

/**
 * The axis of the columns after a Reshape that keeps them whole, which is so where only sizes of 1
 * follow.
 */
function reshaped(node: Node, columns: number): { axis: number; rank: number } | undefined {
  const shape = parameterOf(node.optionalInput(1))?.read();
  if (shape?.type !== 'int64') return undefined;
  const dims = Array.from(shape.data as BigInt64Array, Number);
  let axis = dims.length - 1;
  while (axis > 0 && dims[axis] === 1) axis -= 1;
  return dims[axis] === columns ? { axis, rank: dims.length } : undefined;
}

function transposed(node: Node, rank: number, from: number) {
  const reversed = Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  const perm = node.attribute('perm', 'ints') ?? reversed;
  const axis = perm.indexOf(from);
  return perm.length === rank && axis >= 0 ? { axis, rank } : undefined;
}

/**
 * The axis of the columns after an Unsqueeze. New axes are numbered in the result; the others keep
 * their order.
 */
function unsqueezed(node: Node, from: number, axis: number) {
  const added = node.opset < 13 ? node.attribute('axes', 'ints') : axesInput(node);
  if (added === undefined) return undefined;
  const rank = from + added.length;
  const taken = new Set(added.map((each) => normalizeAxis(each, rank)));
  const kept = Array.from({ length: rank }, (_, at) => at).filter((at) => !taken.has(at));
  return kept.length === from ? { axis: kept[axis]!, rank } : undefined;
}

function axesInput(node: Node): readonly number[] | undefined {
  const axes = parameterOf(node.optionalInput(1))?.read();
  return axes?.type === 'int64' ? Array.from(axes.data as BigInt64Array, Number) : undefined;
}
