// Convolutions with quantised weights whose batch norm must stay, though a user asked to fold it.

import type { Kept } from '../helpers/rule-tables.js';

/** Declarations, and a weight with a scale and a zero point for each output channel. */
export const QUANTIZED = [
  't: float[4] = {0.25, 0.5, 0.125, 0.0625}\ng: float[4] = {0.5, 1.5, 0.75, 2}\n',
  'q: int8[4, 4, 3, 3]\np: int8[4] = {0, 1, -2, 3}\nW = DequantizeLinear<axis = 0>(q, t, p)\n',
] as const;

const [HEAD, WEIGHT] = QUANTIZED;
const BN = 'z = BatchNormalization(y, g, b, m, v)';

export const KEPT_QUANTIZED: readonly Kept[] = [
  [
    'one scale for all channels',
    `${HEAD}q: int8[4, 4, 3, 3]\nu: float = {0.5}\nW = DequantizeLinear(q, u)\ny = Conv(x, W)\n${BN}`,
    'quantized',
  ],
  [
    'scales for the input channels',
    `${HEAD}q: int8[4, 4, 3, 3]\nW = DequantizeLinear<axis = 1>(q, t)\ny = Conv(x, W)\n${BN}`,
    'quantized',
  ],
  [
    'a weight that is computed',
    `${HEAD}r: input float[4, 4, 3, 3]\nq = QuantizeLinear<axis = 0>(r, t)\nW = DequantizeLinear<axis = 0>(q, t)\ny = Conv(x, W)\n${BN}`,
    'quantized',
  ],
  [
    'blocks',
    `<opset_import: ["": 21]>\n${HEAD}q: int8[4, 4, 3, 3]\nW = DequantizeLinear<axis = 0, block_size = 1>(q, t)\ny = Conv(x, W)\n${BN}`,
    'quantized',
  ],
  [
    'a factor below 0',
    `${HEAD}${WEIGHT}h: float[4] = {1, -1, 1, 1}\ny = Conv(x, W)\nz = BatchNormalization(y, h, b, m, v)`,
    'quantized',
  ],
  [
    'a factor of 0',
    `${HEAD}${WEIGHT}h: float[4] = {1, 0, 1, 1}\ny = Conv(x, W)\nz = BatchNormalization(y, h, b, m, v)`,
    'quantized',
  ],
  [
    'a bias that is fed',
    `${HEAD}${WEIGHT}c: input float[4]\ny = Conv(x, W, c)\n${BN}`,
    'quantized',
  ],
  [
    'statistics of another number of channels',
    `${HEAD}${WEIGHT}h: float[3] = fill(1)\ny = Conv(x, W)\nz = BatchNormalization(y, h, h, h, h)`,
    'shape',
  ],
  [
    'quantisation between',
    `${HEAD}${WEIGHT}u: float = {0.5}\nc = Conv(x, W)\nd = QuantizeLinear(c, u)\ny = DequantizeLinear(d, u)\n${BN}`,
    'quantized',
  ],
  [
    'scales that would vanish',
    `${HEAD}${WEIGHT}h: float[4] = {1, 1e-38, 1, 1}\ny = Conv(x, W)\nz = BatchNormalization(y, h, b, m, v)`,
    'precision-loss',
  ],
];
