import { notGraphOutput, notPinned, sameGraph, singleConsumer } from '../rewrite/conditions.js';
import { defineRule, type Condition } from '../rewrite/rule.js';
import { bypass, bypassNotPinned, removable, visible, type BypassMatch } from './bypass.js';
import { equalAxis, type JoinMatch } from './concat-run.js';
import { knownAttributes, knownOpset } from './guards.js';

interface SplitConcatMatch extends BypassMatch, JoinMatch {
  /** The position of the first part among the inputs of the Concat. */
  readonly start: number;
  /** Whether the Concat reads nothing else, so that its output equals the input of the Split. */
  readonly whole: boolean;
}

/** Limits a condition to matches in which the Concat is removed too, and not only the Split. */
function ifWhole(condition: Condition<BypassMatch>): Condition<SplitConcatMatch> {
  return {
    ...condition,
    check: (match, facts) => (match.whole ? condition.check(match, facts) : undefined),
  };
}

/** The output of the Concat vanishes only where the Concat is removed too. */
const noPin: Condition<SplitConcatMatch> = {
  ...notPinned,
  check: (match, facts) =>
    notPinned.check(match, facts) ?? ifWhole(bypassNotPinned).check(match, facts),
};

const allParts: Condition<SplitConcatMatch> = {
  name: 'all-parts',
  doc: 'The Concat reads all parts of the Split side by side, in their order.',
  check({ split, concat, start }) {
    const inOrder = split.outputs.every((part, at) => part && part === concat.inputs[start + at]);
    if (inOrder) return undefined;
    const detail = `${concat.label} does not read all parts of ${split.label} in their order`;
    return { reason: 'pattern', detail };
  },
};

export const eliminateSplitConcat = defineRule<SplitConcatMatch>({
  name: 'eliminate-split-concat',
  level: 'extended',
  doc: 'Concat(a, Split(x), b) = Concat(a, x, b), and Concat(Split(x)) = x, on one axis',
  roots: ['Concat'],
  match(concat) {
    const start = concat.inputs.findIndex((value) => value?.producer?.is('Split') === true);
    const split = concat.inputs[start]?.producer;
    const [input, output] = [split?.optionalInput(0), concat.optionalOutput(0)];
    if (split === undefined || input === undefined || output === undefined) return undefined;
    const whole = concat.inputs.length === split.outputs.length;
    return {
      nodes: [split, concat],
      // The node that produces the result, for the report.
      into: whole ? (input.producer ?? concat) : concat,
      vanishing: split.namedOutputs,
      parameters: [],
      split,
      concat,
      start,
      whole,
      bypassed: concat,
      input,
      output,
    };
  },
  conditions: [
    sameGraph,
    knownOpset,
    knownAttributes,
    allParts,
    equalAxis,
    singleConsumer,
    notGraphOutput,
    noPin,
    ifWhole(removable),
    ifWhole(visible),
  ],
  rewrite(match, edit) {
    const { split, concat, start, input, whole } = match;
    const { inputs } = concat;
    edit.setInputs(concat, [
      ...inputs.slice(0, start),
      input,
      ...inputs.slice(start + split.outputs.length),
    ]);
    edit.remove(split);
    if (!whole) return { into: concat };
    bypass(match, edit);
    return { into: match.into };
  },
  example: {
    before: 'a, b = Split<axis = 1>(x)\ny = Concat<axis = 1>(a, b)\nz = Relu(y)',
    after: 'z = Relu(x)',
  },
});
