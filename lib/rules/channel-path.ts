import type { Node } from '../ir/node.js';
import type { Condition, Refusal } from '../rewrite/rule.js';
import type { FoldMatch } from './guards.js';
import { readLayer } from './layer.js';
import { parameterOf } from './parameter.js';
import { normalizeAxis } from '../tensor/shape.js';

/**
 * From a matrix product to the batch norm that reads it, through a Reshape or an Unsqueeze, a
 * Transpose, or both in this order: how a product over NHWC data reaches a batch norm over NCHW, and
 * a vector one that wants an axis behind its channels.
 *
 * @returns the product and the nodes between, in the order of the data
 */
export function productBefore(bn: Node, opType: string): { layer: Node; via: Node[] } | undefined {
  const via: Node[] = [];
  let node = bn.optionalInput(0)?.producer;
  for (const between of [['Transpose'], ['Reshape', 'Unsqueeze']]) {
    if (node === undefined || !between.some((opType) => node!.is(opType))) continue;
    via.unshift(node);
    node = node.optionalInput(0)?.producer;
  }
  return node?.is(opType) === true ? { layer: node, via } : undefined;
}

/** Batch norm's channels are axis 1, a product's columns its last axis. */
export const columnsAreChannels: Condition<FoldMatch> = {
  name: 'columns-are-channels',
  doc: 'The product is a matrix, and what stands between brings its columns to axis 1.',
  check({ layer, via = [] }, facts) {
    const rank = layer.is('Gemm') ? 2 : facts.dims(layer.input(0))?.length;
    if (rank !== 2) {
      const what = rank === undefined ? 'an unknown rank' : `rank ${rank}`;
      return { reason: 'shape', detail: `the input of ${layer.label} has ${what}, expected 2` };
    }
    const read = readLayer(layer);
    return 'reason' in read ? read : pathRefusal(via, read.geometry.outputChannels);
  },
};

function pathRefusal(via: readonly Node[], columns: number): Refusal | undefined {
  let axis = 1;
  let rank = 2;
  for (const node of via) {
    const moved = node.is('Reshape')
      ? reshaped(node, columns)
      : node.is('Unsqueeze')
        ? unsqueezed(node, rank, axis)
        : transposed(node, rank, axis);
    if (moved === undefined) return lost(node);
    ({ axis, rank } = moved);
  }
  return axis === 1 ? undefined : lost(via.at(-1)!);
}

function lost(node: Node): Refusal {
  const detail = `${node.opType} ${node.label} does not bring the columns to axis 1`;
  return { reason: 'shape', detail };
}

/** Where the columns of a matrix are after a Reshape that keeps them whole: nothing but 1 follows. */
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

/** New axes of size 1 take the places that they name in the result; the others keep their order. */
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
