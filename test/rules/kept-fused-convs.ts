// What no FusedConv may take in, and why.

import type { Kept } from '../helpers/rule-tables.js';

export const KEPT_FUSED_CONVS: readonly Kept[] = [
  [
    'a bound that is fed',
    'top: input float[]\ny = Conv(x, W)\nz = Clip(y, "", top)',
    'not-constant',
  ],
  [
    'doubles',
    'x: input double[1, 4, 8, 8]\nW: double[4, 4, 3, 3]\ny = Conv(x, W)\nz = Relu(y)',
    'dtype',
  ],
  ['a weight that is fed', 'W: input float[4, 4, 3, 3]\ny = Conv(x, W)\nz = Relu(y)', 'dtype'],
  [
    'another version of the set',
    '<opset_import: ["": 17, "com.microsoft": 2]>\ny = Conv(x, W)\nz = Relu(y)',
    'opset',
  ],
  [
    'a FusedConv of the model',
    'function com.microsoft.FusedConv { o = Relu(i) }\nx: input float[1, 4, 8, 8]\nW: float[4, 4, 3, 3]\ny = Conv(x, W)\nz = Relu(y)',
    'custom-op',
  ],
  [
    'a function, which has imports of its own',
    'function local.f { <opset_import: ["": 17]> y = Conv(x, w); z = Relu(y) }\nW: float[4, 4, 3, 3]\nq = local.f(x, W)',
    'dtype',
  ],
  [
    'what is added from one row to all',
    'x: input float[1, 4, 8, 8]\nr: input float[1, 4, 6, 1]\ny = Conv(x, W)\ns = Add(y, r)\nz = Relu(s)',
    'shape',
  ],
  [
    'a batch that may be another one',
    'x: input float[N, 4, 8, 8]\nr: input float[N, 4, 6, 6]\ny = Conv(x, W)\ns = Add(y, r)\nz = Relu(s)',
    'shape',
  ],
  [
    'the sum without an activation between that others read',
    'x: input float[1, 4, 8, 8]\nr: input float[1, 4, 6, 6]\ny = Conv(x, W)\ns = Add(y, r)\nz = Relu(s)\nw = Neg(s)',
    'multi-consumer',
  ],
];
