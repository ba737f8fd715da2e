import type { StoredArray } from '../fold/stored.js';
import { elementCount, sameDims, stridesOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Window } from '../tensor/window.js';
import { numbersOf } from './likeness.js';

/** The place of a kernel in a larger one: its tap t is tap `offset[axis] + t` there. */
export interface Embedding {
  readonly kernel: readonly number[];
  readonly offset: readonly number[];
}

/**
 * The place of one window's taps in a larger window, such that both read the same input at every
 * output; undefined where there is none. Tap t reads at out * stride + t * dilation - pad: so the
 * dilations must be equal, the first tap must fall on a tap, and both outputs must have equal sizes
 * for every input.
 */
export function embeddingOf(inner: Window, outer: Window): Embedding | undefined {
  const [pads, around] = [numbersOf(inner), numbersOf(outer)];
  if (typeof pads === 'string' || typeof around === 'string') return undefined;
  const { kernel, strides } = outer;
  if (inner.kernel.length !== kernel.length || !sameDims(inner.strides, strides)) return undefined;
  const offset: number[] = [];
  for (const [axis, size] of kernel.entries()) {
    const own = inner.kernel[axis]!;
    const dilation = outer.dilations[axis]!;
    // The dilation of a single tap does not matter.
    if (own > 1 && inner.dilations[axis] !== dilation) return undefined;
    const first = (around.begin[axis]! - pads.begin[axis]!) / dilation;
    const last = (around.end[axis]! - pads.end[axis]!) / dilation;
    const fits = Number.isInteger(first) && first >= 0 && last >= 0;
    if (!fits || first + own + last !== size) return undefined;
    offset.push(first);
  }
  return { kernel, offset };
}

/** A weight [M, C, ...kernel] surrounded by zeros. */
export function embed({ type, data, dims }: Tensor, embedding: Embedding): Tensor {
  const stored = data as StoredArray;
  const grown = [...dims.slice(0, 2), ...embedding.kernel];
  const Data = stored.constructor as new (length: number) => StoredArray;
  const out = new Data(elementCount(grown));
  eachTap(dims, embedding, (from, to) => (out[to] = stored[from]!));
  return { type, data: out, dims: grown };
}

/**
 * Cuts the weight of these dimensions out of a larger one; undefined where the rest is not all
 * zeros.
 */
export function crop(
  grown: StoredArray,
  dims: readonly number[],
  embedding: Embedding,
): StoredArray | undefined {
  const Data = grown.constructor as new (length: number) => StoredArray;
  const out = new Data(elementCount(dims));
  const rest = grown.slice();
  eachTap(dims, embedding, (from, to) => {
    out[from] = grown[to]!;
    rest[to] = 0;
  });
  return rest.every((value: number) => value === 0) ? out : undefined;
}

/** Visits each element of the small weight, with its index there and in the large one. */
function eachTap(
  dims: readonly number[],
  { kernel, offset }: Embedding,
  visit: (small: number, large: number) => void,
): void {
  const own = dims.slice(2);
  const [taps, grown] = [elementCount(own), elementCount(kernel)];
  const [small, large] = [stridesOf(own), stridesOf(kernel)];
  const places = Array.from({ length: taps }, (_, tap) =>
    own.reduce((at, size, axis) => {
      const index = Math.floor(tap / small[axis]!) % size;
      return at + (index + offset[axis]!) * large[axis]!;
    }, 0),
  );
  const planes = elementCount(dims.slice(0, 2));
  for (let plane = 0; plane < planes; plane++) {
    for (const [tap, place] of places.entries()) visit(plane * taps + tap, plane * grown + place);
  }
}
