/** Rows and columns of zeros around each plane. */
export interface Halo {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

export const NO_HALO: Halo = { top: 0, left: 0, bottom: 0, right: 0 };

/**
 * A tensor of N x C x H x W with its channels in blocks of a vector's lanes, between halos:
 * [N, ceil(C / lanes), top + H + bottom, left + W + right, lanes], row major. The halo holds zeros;
 * lanes past the last channel hold anything. A tensor without a layout is dense.
 */
export interface BlockedLayout extends Halo {
  readonly lanes: number;
}

/** Whether two layouts place tensors of one shape alike. */
export function sameLayout(a: BlockedLayout | undefined, b: BlockedLayout | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const { lanes, top, left, bottom, right } = a;
  return (
    b.lanes === lanes &&
    b.top === top &&
    b.left === left &&
    b.bottom === bottom &&
    b.right === right
  );
}

/**
 * Number of floats that a tensor of [N, C, H, W] takes in blocks, halo and unused lanes included.
 */
export function blockedCount(
  dims: readonly number[],
  { lanes, top, left, bottom, right }: BlockedLayout,
): number {
  const [n, c, h, w] = dims as readonly [number, number, number, number];
  return n * Math.ceil(c / lanes) * (top + h + bottom) * (left + w + right) * lanes;
}
