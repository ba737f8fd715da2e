import { relativeL2 } from './bounds.js';
import { runAll, tensorOf } from './run-text.js';

/**
 * How far what is merged into a convolution is from its nodes one by one, which an extra output keeps
 * apart: relative L2 over operands from -8 to 8.
 *
 * @param text finds the convolution's output `a`, and names its result `y`
 */
export function mergedError(constants: string, text: string): number {
  const values = Array.from({ length: 33 }, (_, i) => (i - 16) / 2);
  const model = `${constants}w: float[1, 1, 1, 1] = {1}\na = Conv(x, w)\n${text}`;
  const run = (outputs: string): Float64Array =>
    Float64Array.from(runAll(model + outputs, { x: tensorOf([1, 1, 1, 33], values) })['y']!.values);
  return relativeL2(run('\ny: output'), run('\na: output\ny: output'));
}
