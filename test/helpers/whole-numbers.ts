// Whole numbers, whose sums are exact.

import { Random } from '#convfuse/tensor/random.js';
import { elementCount } from '#convfuse/tensor/shape.js';

export function integers(dims: readonly number[], seed: number): number[] {
  return Array.from(new Random(seed).normals(elementCount(dims)), (v) => Math.round(2 * v));
}

/** An initializer of them, as a line of text. */
export function constant(name: string, dims: readonly number[], seed: number): string {
  return `${name}: float[${dims.join(', ')}] = {${integers(dims, seed).join(', ')}}\n`;
}
