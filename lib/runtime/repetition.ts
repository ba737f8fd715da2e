import type { Moved, Repeatable, RunTensor } from '../ops/operator.js';
import { sameDims } from '../tensor/shape.js';
import type { Step } from './plan.js';

/** How to repeat a step, and for which kind of inputs. */
export interface Repetition {
  readonly how: Repeatable;
  readonly input: Likeness;
  readonly second: Likeness | undefined;
}

/** How to repeat a step that moves elements, and for which kind of inputs. */
export interface Movement {
  /** What each input must be like; undefined where the input is absent. */
  readonly inputs: readonly (Likeness | undefined)[];
  readonly outputs: readonly Moved[];
}

type Likeness = Omit<RunTensor, 'data'>;

/**
 * How to repeat a step that has just run.
 *
 * @param how given by the operator; a view needs none
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

/** Whether output 0 is the only one in use: a Dropout may have a mask besides its view. */
function hasOneOutput({ outputs: [first = -1, ...others] }: Step): boolean {
  return first >= 0 && others.every((slot) => slot < 0);
}

/**
 * Whether the output is the input's memory under dimensions that depend on nothing but the input's
 * dimensions and constants.
 */
function isView(
  { operator, inputs, constantInputs }: Step,
  x: RunTensor | undefined,
  y: RunTensor | undefined,
): boolean {
  if (operator.view !== true || x === undefined || x.data !== y?.data) return false;
  return inputs.every((slot, i) => i === 0 || slot < 0 || constantInputs[i]);
}

/** Whether a repetition fits these tensors and the state it was made with is still valid. */
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

/** @param outputs how the operator made each of them */
export function movementOf(
  inputs: readonly (RunTensor | undefined)[],
  outputs: readonly Moved[] | undefined,
): Movement | undefined {
  return outputs && { inputs: inputs.map((x) => x && likenessOf(x)), outputs };
}

/** Whether a movement fits these inputs. */
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
