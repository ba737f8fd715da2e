import type { StoredArray } from '../fold/stored.js';
import { elementCount, sameDims, stridesOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Window } from '../tensor/window.js';
import { numbersOf } from './likeness.js';

/** A kernel's place in a larger one: at tap `offset[axis] + t` stands its tap t. */
export interface Embedding {
  readonly kernel: readonly number[];
  readonly offset: readonly number[];
}

/**
 * Where the taps of one window stand among those of a larger one, so that both see the same
 * input at every output. Tap t reads at out * stride + t * dilation - pad: the taps must be as far
 * apart, the first of them on a tap, and both outputs of one size for every input.
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
    // One tap is as far from the next as it likes; and a kernel of one tap holds only the like.
    if (own > 1 && inner.dilations[axis] !== dilation) return undefined;
    const first = (around.begin[axis]! - pads.begin[axis]!) / dilation;
    const last = (around.end[axis]! - pads.end[axis]!) / dilation;
    const fits = Number.isInteger(first) && first >= 0 && last >= 0;
    if (!fits || first + own + last !== size) return undefined;
    offset.push(first);
  }
  return { kernel, offset };
}

/** A weight [M, C, ...kernel] in the middle of zeros. */
export function embed({ type, data, dims }: Tensor, embedding: Embedding): Tensor {
  const stored = data as StoredArray;
  const grown = [...dims.slice(0, 2), ...embedding.kernel];
  const Data = stored.constructor as new (length: number) => StoredArray;
  const out = new Data(elementCount(grown));
  eachTap(dims, embedding, (from, to) => (out[to] = stored[from]!));
  return { type, data: out, dims: grown };
}

/**
 * The weight of these dimensions that stands in a larger one; undefined where there is something
 * else around it than zeros.
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

/** Calls with the index of each element in the small weight, and in the large one. */
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
