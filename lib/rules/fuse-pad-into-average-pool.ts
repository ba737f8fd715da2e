import { defineRule, type Condition } from '../rewrite/rule.js';
import { absorbPad, matchPadBefore, ownPads, PAD_GUARDS, zeroValue, type PadMatch } from './pad.js';
import { poolPads, unroundedPool } from './pool.js';

const countsPads: Condition<PadMatch> = {
  name: 'counts-pads',
  doc: 'The pool counts its own pads (count_include_pad is 1, from opset 7 on), or has none.',
  check({ user }) {
    if (user.opset < 7) return { reason: 'opset', detail: `${user.label} never counts pads` };
    if ((user.attribute('count_include_pad', 'int') ?? 0) !== 0) return undefined;
    const rank = user.attribute('kernel_shape', 'ints')?.length ?? 0;
    const own = ownPads(user, rank);
    if (own !== undefined && [...own.begin, ...own.end].every((pad) => pad === 0)) return undefined;
    return {
      reason: 'padding',
      detail: `${user.label} has pads of its own that it does not count`,
    };
  },
};

export const fusePadIntoAveragePool = defineRule<PadMatch>({
  name: 'fuse-pad-into-average-pool',
  level: 'basic',
  doc: 'AveragePool(Pad(x, p)) = AveragePool(x) with pads + p and count_include_pad 1, for zeros on spatial axes',
  roots: ['Pad'],
  match: (pad) => matchPadBefore(pad, 'AveragePool'),
  conditions: [...PAD_GUARDS, zeroValue, countsPads, unroundedPool],
  rewrite(match, edit) {
    const pads = poolPads(match);
    if ('reason' in pads) return pads;
    edit.setAttribute(match.user, { name: 'count_include_pad', kind: 'int', value: 1 });
    return absorbPad(edit, match, pads);
  },
  example: {
    before:
      'p: int64[8] = {0, 0, 1, 1, 0, 0, 1, 1}\ny = Pad(x, p)\nz = AveragePool<kernel_shape = [3, 3]>(y)',
    after: 'z = AveragePool<kernel_shape = [3, 3], count_include_pad = 1, pads = [1, 1, 1, 1]>(x)',
  },
});
