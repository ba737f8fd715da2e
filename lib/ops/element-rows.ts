// Reduces element-wise arithmetic to rows: axes of the result are merged as long as every operand
// either advances contiguously through them or is constant.

import type { ElementwisePlace } from '../backend/elementwise.js';
import type { BlockedLayout } from '../backend/layout.js';
import { broadcastStrides } from './broadcast.js';

/** The dimensions and the layout of an operand or result. */
export interface Extent {
  readonly dims: readonly number[];
  readonly layout?: BlockedLayout | undefined;
}

/** The place of an operand, with strides over the axes of the result; 0 where it is repeated. */
export interface Strided {
  readonly offset: number;
  readonly strides: readonly number[];
  /** Whether it cycles over one vector of lanes along the last axis. */
  readonly lanes?: boolean;
}

export interface Rows {
  /** Outer axes, outermost first. */
  readonly extents: readonly number[];
  readonly length: number;
  readonly places: readonly ElementwisePlace[];
}

/**
 * The rows of operands that are broadcast to `out`; the last place is that of `out` itself. For a
 * blocked result, operands are blocked tensors of its dimensions, or dense ones with one number per
 * channel, image, or both.
 */
export function rowsOf(out: Extent, operands: readonly Extent[]): Rows {
  const { dims, layout } = out;
  const all = [...operands, out];
  if (layout === undefined) {
    const strided = all.map((each) => ({
      offset: 0,
      strides: broadcastStrides(each.dims, dims),
    }));
    return mergeAxes(dims, strided);
  }
  const [n, c, h, w] = dims as readonly [number, number, number, number];
  const { lanes } = layout;
  const strided = all.map((each) =>
    each.layout === undefined ? onePixel(each.dims, dims, lanes) : blocksOf(each.layout, c, h, w),
  );
  return mergeAxes([n, Math.ceil(c / lanes), h, w * lanes], strided);
}

/** The place of a tensor in blocks, seen as [N, ceil(C / lanes), H, W * lanes]. */
export function blocksOf(
  { lanes, top, left, bottom, right }: BlockedLayout,
  channels: number,
  height: number,
  width: number,
): Strided {
  const row = (left + width + right) * lanes;
  const block = (top + height + bottom) * row;
  const image = Math.ceil(channels / lanes) * block;
  return { offset: top * row + left * lanes, strides: [image, block, row, 1] };
}

function onePixel(dims: readonly number[], out: readonly number[], lanes: number): Strided {
  const [image, channel] = broadcastStrides(dims, out) as [number, number];
  return { offset: 0, strides: [image, channel * lanes, 0, 0], lanes: channel > 0 };
}

/**
 * Drops axes of size 1 and merges neighbouring axes. The last axis left becomes the rows, along
 * which strides are 0 or 1; without any axis there is one element.
 */
export function mergeAxes(sizes: readonly number[], operands: readonly Strided[]): Rows {
  const extents: number[] = [];
  const strides = operands.map((): number[] => []);
  let length: number | undefined;
  const moves = operands.map(() => false);
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    const size = sizes[axis]!;
    if (size === 1) continue;
    if (length === undefined) {
      length = size;
      operands.forEach((operand, i) => (moves[i] = operand.strides[axis] !== 0));
      continue;
    }
    const row = length;
    const inner = extents[0];
    if (inner === undefined) {
      if (operands.every((operand, i) => operand.strides[axis] === (moves[i] ? row : 0))) {
        length *= size;
        continue;
      }
    } else if (operands.every((o, i) => o.strides[axis] === strides[i]![0]! * inner)) {
      extents[0] = inner * size;
      continue;
    }
    extents.unshift(size);
    operands.forEach((operand, i) => strides[i]!.unshift(operand.strides[axis]!));
  }
  const places = operands.map(({ offset, lanes }, i): ElementwisePlace => ({
    offset,
    strides: strides[i]!,
    advance: lanes === true ? 'lanes' : moves[i] || length === undefined ? 'element' : 'none',
  }));
  return { extents, length: length ?? 1, places };
}
