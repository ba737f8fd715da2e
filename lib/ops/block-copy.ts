// Copies whole blocks between tensors, to concatenate or to split channels.

import { blockedCount, sameLayout, type BlockedLayout } from '../backend/layout.js';
import { copyPlaces } from '../backend/copy.js';
import { blocksOf } from './element-rows.js';
import type { Evaluation, Moved, RepeatedRun, RunTensor } from './operator.js';

/** A range of channels of a tensor in blocks, starting at the beginning of a block. */
interface ChannelRange {
  /** Dimensions of the whole tensor. */
  readonly dims: readonly number[];
  readonly layout: BlockedLayout;
  readonly from: number;
}

/** Copies [N, C, H, W] elements between such ranges; halos are not written. */
function blockCopy(
  call: Evaluation,
  [n, c, h, w]: readonly number[],
  source: ChannelRange,
  target: ChannelRange,
): RepeatedRun {
  const { lanes } = source.layout;
  const [from, to] = [source, target].map(({ dims, layout, from: first }) => {
    const { offset, strides } = blocksOf(layout, dims[1]!, h!, w!);
    return { offset: offset + Math.floor(first / lanes) * strides[1]!, strides };
  });
  const dims = [n!, Math.ceil(c! / lanes), h!, w! * lanes];
  const places = copyPlaces(dims, from!.strides, to!.strides, from!.offset, to!.offset)!;
  const { backend, threads } = call;
  return (x, _, y) =>
    backend.copy!({ x: x as Float32Array, y: y as Float32Array, places, threads });
}

/**
 * A copy into the output of a Concat, in whose memory the tensor may lie already (one image with an
 * equal halo): then nothing, or only a plain move, is needed.
 */
export function joinCopy(
  call: Evaluation,
  dims: readonly number[],
  source: ChannelRange,
  target: ChannelRange,
): RepeatedRun {
  const copy = blockCopy(call, dims, source, target);
  const [, , h, w] = dims as readonly [number, number, number, number];
  const at = blockedCount([1, target.from, h, w], target.layout);
  return (from, second, to) => {
    const [x, y] = [from as Float32Array, to as Float32Array];
    if (x.buffer !== y.buffer) copy(x, second, y);
    else if (x.byteOffset !== y.byteOffset + at * y.BYTES_PER_ELEMENT) y.set(x, at);
  };
}

/** A range of channels of x: a view where one image has the same layout, else a copy. */
export function channelsOf(
  call: Evaluation,
  x: RunTensor & { readonly layout: BlockedLayout },
  dims: readonly number[],
  from: number,
  layout: BlockedLayout,
): Moved {
  const made = { type: x.type, dims, layout };
  if (dims[0] === 1 && sameLayout(x.layout, layout)) {
    const begin = blockedCount([1, from, dims[2]!, dims[3]!], layout);
    return { ...made, part: [begin, begin + blockedCount(dims, layout)] };
  }
  const source = { dims: x.dims, layout: x.layout, from };
  const run = blockCopy(call, dims, source, { dims, layout, from: 0 });
  return { ...made, run: ([data], y) => run(data!, undefined, y) };
}
