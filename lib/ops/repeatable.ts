import type { TensorData } from '../tensor/dtype.js';
import type { Evaluation, Moved, Repeatable, RepeatedRun, RunTensor } from './operator.js';

/** Whether all inputs of a step except the first are the same in every run. */
export function othersConstant(
  call: Evaluation,
  inputs: readonly (RunTensor | undefined)[],
): boolean {
  return inputs.every((input, i) => i === 0 || input === undefined || call.isConstant(i));
}

/**
 * Runs a step in the way that later runs will repeat it.
 *
 * @param how `overwrites` may be input 0, which is `x`, or the input that is `second`
 * @param constant whether everything except `x` and `second` is the same in every run, so that the
 * step may be repeated
 */
export function runRepeatable(
  call: Evaluation,
  x: TensorData,
  how: Repeatable & { readonly run: RepeatedRun },
  constant = true,
  second?: TensorData,
): RunTensor {
  const { type, dims, layout, overwrites } = how;
  let data = overwrites === 0 ? x : second;
  if (overwrites === undefined || data === undefined) {
    data = layout ? call.allocateBlocked(dims, layout) : call.allocate(type, dims);
  }
  how.run(x, second, data);
  if (constant) call.repeatable(how);
  return { type, dims, data, layout };
}

/**
 * Makes outputs in the way that later runs will repeat.
 *
 * @param constant whether everything except the types, dimensions and elements of the inputs is the
 * same in every run
 */
export function runMovable(
  call: Evaluation,
  inputs: readonly RunTensor[],
  outputs: readonly Moved[],
  constant: boolean,
): RunTensor[] {
  const given = inputs.map(({ data }) => data);
  const made = outputs.map(({ type, dims, layout, run, part }) => {
    if (run === undefined) return { type, dims, layout, data: partOf(given[0]!, part) };
    const data = layout ? call.allocateBlocked(dims, layout) : call.allocate(type, dims);
    run(given, data);
    return { type, dims, layout, data };
  });
  if (constant) call.movable(outputs);
  return made;
}

/** The memory of an input, or a part of it. */
export function partOf(data: TensorData, part: Repeatable['part']): TensorData {
  return part === undefined ? data : (data as Float32Array).subarray(part[0], part[1]);
}
