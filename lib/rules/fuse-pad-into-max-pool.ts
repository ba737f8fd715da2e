import type { DataType } from '../tensor/dtype.js';
import { defineRule, type Condition } from '../rewrite/rule.js';
import { absorbPad, matchPadBefore, PAD_GUARDS, padValue, type PadMatch } from './pad.js';
import { poolPads, unroundedPool } from './pool.js';
import { parameterOf } from './parameter.js';

/** The lowest finite number of each floating-point type. */
const LOWEST: ReadonlyMap<DataType | undefined, number> = new Map<DataType, number>([
  ['float16', -65504],
  ['bfloat16', -(2 - 2 ** -7) * 2 ** 127],
  ['float32', -(2 - 2 ** -23) * 2 ** 127],
  ['float64', -Number.MAX_VALUE],
]);

const lowestValue: Condition<PadMatch> = {
  name: 'lowest-value',
  doc: 'The Pad pads with -infinity or the lowest number of the type, which cannot raise a maximum.',
  check({ pad }) {
    const value = padValue(pad);
    const type = pad.opset < 11 ? 'float32' : parameterOf(pad.optionalInput(2))?.type;
    if (value === -Infinity || (value !== undefined && value === LOWEST.get(type)))
      return undefined;
    return {
      reason: 'padding',
      detail: `${pad.label} pads with ${value ?? 'a value that is not a constant float'}`,
    };
  },
};

export const fusePadIntoMaxPool = defineRule<PadMatch>({
  name: 'fuse-pad-into-max-pool',
  level: 'basic',
  doc: 'MaxPool(Pad(x, p)) = MaxPool(x) with pads + p, for -infinity or the lowest number on spatial axes',
  roots: ['Pad'],
  match: (pad) => matchPadBefore(pad, 'MaxPool'),
  conditions: [...PAD_GUARDS, lowestValue, unroundedPool],
  rewrite(match, edit) {
    const pads = poolPads(match);
    return 'reason' in pads ? pads : absorbPad(edit, match, pads);
  },
  example: {
    before:
      'p: int64[8] = {0, 0, 1, 1, 0, 0, 1, 1}\nlow: float = {-inf}\ny = Pad(x, p, low)\nz = MaxPool<kernel_shape = [3, 3]>(y)',
    after: 'z = MaxPool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(x)',
  },
});
