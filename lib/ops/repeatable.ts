import type { TensorData } from '../tensor/dtype.js';
import type { Evaluation, Repeatable, RepeatedRun, RunTensor } from './operator.js';

/**
 * Runs a step as later runs will repeat it.
 *
 * @param how overwrites input 0, which `x` is, or none
 * @param constant whether everything but `x` is the same in every run, so that they may
 */
export function runRepeatable(
  call: Evaluation,
  x: TensorData,
  how: Repeatable & { readonly run: RepeatedRun },
  constant = true,
): RunTensor {
  const { type, dims, layout, overwrites } = how;
  let data = x;
  if (overwrites === undefined) {
    data = layout ? call.allocateBlocked(dims, layout) : call.allocate(type, dims);
  }
  how.run(x, undefined, data);
  if (constant) call.repeatable(how);
  return { type, dims, data, layout };
}
