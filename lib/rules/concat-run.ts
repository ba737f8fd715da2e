import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import type { Condition, Facts, Match } from '../rewrite/rule.js';
import { normalizeAxis } from '../tensor/shape.js';

/**
 * The Concat that reads each of the values once and is their only reader; none of them may be a
 * graph output or pinned.
 */
export function onlyConcat(values: readonly Value[]): Node | undefined {
  const [first] = values;
  const [concat] = first?.uses.keys() ?? [];
  if (first === undefined || concat?.is('Concat') !== true || concat.graph !== first.graph) {
    return undefined;
  }
  const alone = values.every(
    ({ uses, isOutput, pinned }) =>
      uses.size === 1 && uses.get(concat) === 1 && !isOutput && pinned === undefined,
  );
  return alone ? concat : undefined;
}

/** The axis of a Split or Concat, made non-negative where the rank of its data is known. */
export function joinedAxis(node: Node, facts: Facts): number {
  const axis = node.attribute('axis', 'int') ?? 0;
  const rank = facts.dims(node.input(0))?.length;
  return (rank === undefined ? undefined : normalizeAxis(axis, rank)) ?? axis;
}

/** A Split and a Concat, in either order, one reading the other. */
export interface JoinMatch extends Match {
  readonly split: Node;
  readonly concat: Node;
}

export const equalAxis: Condition<JoinMatch> = {
  name: 'equal-axis',
  doc: 'Both work on the same axis.',
  check({ split, concat }, facts) {
    const [one, other] = [joinedAxis(split, facts), joinedAxis(concat, facts)];
    if (one === other) return undefined;
    const detail = `${split.label} works on axis ${one}, ${concat.label} on axis ${other}`;
    return { reason: 'attribute', detail };
  },
};
