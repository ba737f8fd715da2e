import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import type { Condition, Facts, Refusal } from '../rewrite/rule.js';
import { elementCount } from '../tensor/shape.js';
import { readLayer } from './layer.js';
import type { FoldMatch } from './guards.js';
import { parameterOf } from './parameter.js';

// Operators that flatten images for a matrix product: each image becomes a row, in row-major order
// of (C, H, W), in which each channel is a run of columns.

/** Operators that keep the order of the elements. */
const FLATTENING = ['Flatten', 'Reshape', 'Squeeze'];

/** A matrix product that reads a value through a flattening operator, and that operator. */
export function productBehind(value: Value): { layer: Node; via: Node[] } | undefined {
  for (const node of value.uses.keys()) {
    if (!FLATTENING.some((opType) => node.is(opType)) || node.optionalInput(0) !== value) continue;
    const rows = node.optionalOutput(0);
    const layer = [...(rows?.uses.keys() ?? [])].find(
      (reader) => (reader.is('Gemm') || reader.is('MatMul')) && reader.optionalInput(0) === rows,
    );
    if (layer !== undefined) return { layer, via: [node] };
  }
  return undefined;
}

/** An operator in front of a layer, perhaps with a flattening operator between them. */
interface FlattenedMatch extends FoldMatch {
  /** The input of the operator in front. */
  readonly data: Value;
}

export const rowsAreImages: Condition<FlattenedMatch> = {
  name: 'rows-are-images',
  doc: 'A Flatten, Reshape or Squeeze before the layer makes a row of each image, channel by channel.',
  check({ layer, data, via = [] }, facts) {
    const [node] = via;
    if (node === undefined) return undefined;
    const read = readLayer(layer);
    if ('reason' in read) return read;
    const columns = read.geometry.inputChannels;
    const sizes = facts.dims(data)?.slice(1);
    if (sizes?.every((size) => size !== undefined) === true) {
      if (sizes.length > 0 && elementCount(sizes) === columns) return undefined;
    } else if (keepsRows(node)) return undefined;
    const shape = facts.dims(data)?.map((size) => size ?? '?');
    const detail =
      `${node.opType} ${node.label} is not known to make a row of ${columns} of each image of ` +
      `${data.name}, which is [${shape?.join(', ') ?? 'unknown'}]`;
    return { reason: 'shape', detail };
  },
};

/** Whether an operator makes one row of each image for images of any size. */
function keepsRows(node: Node): boolean {
  if (node.is('Flatten')) return (node.attribute('axis', 'int') ?? 1) === 1;
  if (!node.is('Reshape') || (node.attribute('allowzero', 'int') ?? 0) !== 0) return false;
  const shape = parameterOf(node.optionalInput(1))?.read();
  return shape?.type === 'int64' && shape.dims[0] === 2 && Number(shape.data[0]) === 0;
}

/** Rank of the data in front of a layer, and its channels, which are axis 1. */
export interface Front {
  readonly rank: number;
  readonly channels: number;
}

/**
 * Rank and channels of the data in front of a layer. They follow from the layer's weight, except in
 * front of a flattening operator, where the shape of the data must be known.
 */
export function frontOf({ layer, data, via = [] }: FlattenedMatch, facts: Facts): Front | Refusal {
  const read = readLayer(layer);
  if ('reason' in read) return read;
  if (via.length === 0) {
    return { rank: read.outputRank ?? 2, channels: read.geometry.inputChannels };
  }
  const dims = facts.dims(data);
  const channels = dims?.[1];
  if (dims !== undefined && channels !== undefined) return { rank: dims.length, channels };
  return { reason: 'shape', detail: `the channels of ${data.name} are not known` };
}
