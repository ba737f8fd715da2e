import type { Value } from '../ir/value.js';
import { firstRefusal, notGraphOutput, notPinned, sameGraph } from '../rewrite/conditions.js';
import { defineRule, type Condition } from '../rewrite/rule.js';
import { invisibleTo } from './bypass.js';
import { equalAxis, joinedAxis, type JoinMatch } from './concat-run.js';
import { knownAttributes, knownOpset } from './guards.js';

interface ConcatSplitMatch extends JoinMatch {
  /** Each used output of the Split, with the input of the Concat that it equals. */
  readonly pairs: readonly (readonly [part: Value, piece: Value])[];
}

const equalPieces: Condition<ConcatSplitMatch> = {
  name: 'equal-pieces',
  doc: 'The parts of the Split are known to be as large as the inputs of the Concat.',
  check({ split, concat }, facts) {
    const axis = joinedAxis(concat, facts);
    const size = (value: Value | undefined) => value && facts.dims(value)?.at(axis);
    if (split.outputs.length !== concat.inputs.length) {
      const counts = `${concat.inputs.length} inputs, ${split.label} ${split.outputs.length} parts`;
      return { reason: 'pattern', detail: `${concat.label} has ${counts}` };
    }
    return firstRefusal([...split.outputs.keys()], (at) => {
      const [part, piece] = [split.outputs[at], concat.inputs[at]];
      if (part === undefined) return undefined;
      if (size(part) !== undefined && size(part) === size(piece)) return undefined;
      const [ours, theirs] = [size(part) ?? 'unknown', size(piece) ?? 'unknown'];
      const detail = `part ${part.name} is ${ours} long, the input of ${concat.label} ${theirs}`;
      return { reason: 'shape', detail };
    });
  },
};

const piecesVisible: Condition<ConcatSplitMatch> = {
  name: 'visible',
  doc: 'Wherever a part is read, also in nested graphs, the name of the input that it equals refers to that input.',
  check: ({ pairs }) => firstRefusal(pairs, ([part, piece]) => invisibleTo(piece, part)),
};

export const eliminateConcatSplit = defineRule<ConcatSplitMatch>({
  name: 'eliminate-concat-split',
  level: 'extended',
  doc: 'Split(Concat(a, b)) = a, b, on one axis, for parts as large as a and b',
  roots: ['Split'],
  match(split) {
    const concat = split.optionalInput(0)?.producer;
    if (concat?.is('Concat') !== true) return undefined;
    const pairs = split.outputs.flatMap((part, at) => {
      const piece = concat.inputs[at];
      return part === undefined || piece === undefined ? [] : [[part, piece] as const];
    });
    return {
      nodes: [concat, split],
      into: concat.inputs[0]?.producer ?? concat,
      vanishing: split.namedOutputs,
      parameters: [],
      split,
      concat,
      pairs,
    };
  },
  conditions: [
    sameGraph,
    knownOpset,
    knownAttributes,
    equalAxis,
    equalPieces,
    notGraphOutput,
    notPinned,
    piecesVisible,
  ],
  rewrite({ split, concat, pairs, into }, edit) {
    for (const [part, piece] of pairs) edit.replaceUses(part, piece);
    edit.remove(split);
    const joined = concat.output(0);
    if (joined.uses.size === 0 && !joined.isOutput) edit.remove(concat);
    return { into: concat.removed ? into : concat };
  },
  example: {
    before:
      'x: input float[1, 4, 5, 5]\na = Relu(x)\nb = Neg(x)\ny = Concat<axis = 1>(a, b)\n' +
      'p, q = Split<axis = 1>(y)\nz = Add(p, q)',
    after: 'a = Relu(x)\nb = Neg(x)\nz = Add(a, b)',
  },
});
