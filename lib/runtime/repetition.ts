import type { Moved, Repeatable, RunTensor } from '../ops/operator.js';
import { sameDims } from '../tensor/shape.js';
import type { Step } from './plan.js';

/** How a step was done once, and for what. */
export interface Repetition {
  readonly how: Repeatable;
  readonly input: Likeness;
  readonly second: Likeness | undefined;
}

/** How the outputs of a step were made once, and from what. */
export interface Movement {
  /** By input; undefined where there is none. */
  readonly inputs: readonly (Likeness | undefined)[];
  readonly outputs: readonly Moved[];
}

type Likeness = Omit<RunTensor, 'data'>;

/**
 * @param how what the operator said of it; a view needs no word
 * @returns undefined where the operator has to be asked every time
 */
export function repetitionOf(
  step: Step,
  inputs: readonly (RunTensor | undefined)[],
  residual: RunTensor | undefined,
  results: readonly RunTensor[],
  how: Repeatable | undefined,
): Repetition | undefined {
  const [x] = inputs;
  const [y] = results;
  const known = how ?? (isView(step, x, y) ? y : undefined);
  if (x === undefined || known === undefined || !hasOneOutput(step)) return undefined;
  const { type, dims, layout } = known;
  const second = how?.second === undefined ? residual : inputs[how.second];
  return {
    how: how ?? { type, dims, layout },
    input: likenessOf(x),
    second: second && likenessOf(second),
  };
}

/** Whether output 0 is wanted, and nothing else: a Dropout may have a mask beside its view. */
function hasOneOutput({ outputs: [first = -1, ...others] }: Step): boolean {
  return first >= 0 && others.every((slot) => slot < 0);
}

/** Whether an output is its input's memory under dimensions that follow from it and from constants. */
function isView(
  { operator, inputs, constantInputs }: Step,
  x: RunTensor | undefined,
  y: RunTensor | undefined,
): boolean {
  if (operator.view !== true || x === undefined || x.data !== y?.data) return false;
  return inputs.every((slot, i) => i === 0 || slot < 0 || constantInputs[i]);
}

/** Whether tensors are like those that a step was done for, and what it was done with is still there. */
export function mayRepeat(
  { how, input, second }: Repetition,
  x: RunTensor,
  added: RunTensor | undefined,
): boolean {
  if (!isLike(x, input)) return false;
  if (added === undefined || second === undefined) {
    if (added !== second) return false;
  } else if (!isLike(added, second)) return false;
  return how.holds === undefined || how.holds();
}

/** @param outputs what the operator said of them */
export function movementOf(
  inputs: readonly (RunTensor | undefined)[],
  outputs: readonly Moved[] | undefined,
): Movement | undefined {
  return outputs && { inputs: inputs.map((x) => x && likenessOf(x)), outputs };
}

/** Whether inputs are like those that a step moved before. */
export function mayMove(
  { inputs }: Movement,
  given: readonly (RunTensor | undefined)[],
): given is readonly RunTensor[] {
  return inputs.every((like, i) => {
    const x = given[i];
    return x === undefined || like === undefined ? x === like : isLike(x, like);
  });
}

function likenessOf({ type, dims, layout }: RunTensor): Likeness {
  return { type, dims, layout };
}

function isLike(tensor: RunTensor, { type, dims, layout }: Likeness): boolean {
  if (tensor.type !== type || tensor.layout !== layout) return false;
  return tensor.dims === dims || sameDims(tensor.dims, dims);
}
