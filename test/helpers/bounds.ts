/** Unit roundoff of float32. */
export const U = 2 ** -24;

/**
 * gamma_k of Higham, Accuracy and Stability of Numerical Algorithms, section 3.1: a float32 dot
 * product of k terms, in any order, is within gammaOf(k) * sum(abs(products)) of the exact one.
 */
export function gammaOf(k: number, u = U): number {
  return (k * u) / (1 - k * u);
}

/** Relative L2 distance: ||actual - expected|| / ||expected||. */
export function relativeL2(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}
