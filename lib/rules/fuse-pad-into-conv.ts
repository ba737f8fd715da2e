import { MAX_SIZE } from '../onnx/limits.js';
import { defineRule, type Facts, type Refusal } from '../rewrite/rule.js';
import {
  absorbPad,
  matchPadBefore,
  ownPads,
  PAD_GUARDS,
  spatialPads,
  zeroValue,
  type PadMatch,
  type SpatialPads,
} from './pad.js';
import { parameterOf } from './parameter.js';

export const fusePadIntoConv = defineRule<PadMatch>({
  name: 'fuse-pad-into-conv',
  level: 'basic',
  doc: 'Conv(Pad(x, p), W) = Conv(x, W) with pads + p, for zeros on spatial axes',
  roots: ['Pad'],
  match: (pad) => matchPadBefore(pad, 'Conv'),
  conditions: [...PAD_GUARDS, zeroValue],
  rewrite(match, edit, facts) {
    const pads = padsFor(match, facts);
    return 'reason' in pads ? pads : absorbPad(edit, match, pads);
  },
  example: {
    before:
      'p: int64[8] = {0, 0, 1, 2, 0, 0, 1, 2}\ny = Pad(x, p)\nz = Conv<pads = [1, 1, 1, 1]>(y, W)',
    after: 'z = Conv<pads = [2, 3, 2, 3]>(x, W)',
  },
});

/** The pads to add. The rank is that of the weight, which need not be a constant. */
function padsFor({ pad, user }: PadMatch, facts: Facts): SpatialPads | Refusal {
  const weight = user.input(1);
  const rank = (parameterOf(weight)?.dims ?? facts.dims(weight))?.length;
  const own = rank === undefined || rank < 3 ? undefined : ownPads(user, rank - 2);
  if (rank === undefined || own === undefined) {
    return { reason: 'shape', detail: `pads of ${user.label} do not fit its weight` };
  }
  const added = spatialPads(pad, rank);
  if ('reason' in added) return added;
  // The pads input may hold any number, but the attribute may not: such a file could not be read
  // again.
  const large = (['begin', 'end'] as const).some((side) =>
    added[side].some((size, axis) => size + own[side][axis]! > MAX_SIZE),
  );
  if (!large) return added;
  return { reason: 'padding', detail: `${pad.label} pads more than ${user.label} can` };
}
