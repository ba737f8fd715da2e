// Branches of a sum become one convolution, and two convolutions in a row their product.

import { testFused, type Fused } from '../helpers/rule-tables.js';

const BN = 'BatchNormalization';
const PAD1 = 'pads = [1, 1, 1, 1]';
const POINT = 'W2: float[4, 4, 1, 1]';
const MERGED = `y = Conv<${PAD1}>(x, W_merged, W_bias_merged)`;

const FUSED: readonly Fused[] = [
  [
    'RepVGG: 3x3, 1x1 and the input, each with its batch norm',
    `${POINT}
a0 = Conv<${PAD1}>(x, W)
a = ${BN}(a0, g, b, m, v)
p0 = Conv(x, W2)
p = ${BN}(p0, g2, b2, m2, v2)
i = ${BN}(x, g3, b3, m3, v3)
s = Add(a, p)
y = Add(s, i)`,
    MERGED,
  ],
  [
    'RepVGG with a stride: no branch of the input itself',
    `${POINT}
a = Conv<${PAD1}, strides = [2, 2]>(x, W, b)
p = Conv<strides = [2, 2]>(x, W2, b2)
y = Add(p, a)`,
    `y = Conv<${PAD1}, strides = [2, 2]>(x, W_merged, b_merged)`,
  ],
  [
    'ACNet: 3x3, 1x3 and 3x1, in one Sum',
    `H: float[4, 4, 1, 3]
V: float[4, 4, 3, 1]
a = Conv<${PAD1}>(x, W)
h = Conv<pads = [0, 1, 0, 1]>(x, H)
v = Conv<pads = [1, 0, 1, 0]>(x, V, bv)
y = Sum(h, a, v)`,
    `y = Conv<${PAD1}>(x, W_merged, W_bias_merged)`,
  ],
  [
    'DBB: 1x1 before 3x3, and an average that counts its pads, behind a batch norm',
    `${POINT}
W4: float[4, 4, 1, 1]
a = Conv<${PAD1}>(x, W)
p = Conv(x, W2)
q = Conv<${PAD1}>(p, W3)
r = Conv(x, W4)
s0 = AveragePool<kernel_shape = [3, 3], ${PAD1}, count_include_pad = 1>(r)
s = ${BN}(s0, g, b, m, v)
t = Add(a, q)
y = Add(t, s)`,
    MERGED,
  ],
  [
    'an average of the input itself',
    `a = Conv(x, W)
b = AveragePool<kernel_shape = [3, 3]>(x)
y = Add(a, b)`,
    'y = Conv(x, W_merged)',
  ],
  [
    'the input itself',
    `a = Conv<${PAD1}>(x, W, b)
y = Add(x, a)`,
    `y = Conv<${PAD1}>(x, W_merged, b_merged)`,
  ],
  [
    'the input itself twice',
    `a = Conv<${PAD1}>(x, W, b)
y = Sum(x, a, x)`,
    `y = Conv<${PAD1}>(x, W_merged, b_merged)`,
  ],
  [
    'depthwise, and a batch norm of the sum behind it',
    `W: float[4, 1, 3, 3]
W2: float[4, 1, 1, 1]
a = Conv<${PAD1}, group = 4>(x, W)
p = Conv<group = 4>(x, W2)
s = Add(a, p)
t = Add(s, x)
y = ${BN}(t, g, b, m, v)`,
    `y = Conv<${PAD1}, group = 4>(x, W_fused, W_bias)`,
  ],
  [
    'two groups: batch norm on the diagonal of each',
    `W: float[4, 2, 3, 3]
a = Conv<${PAD1}, group = 2>(x, W, b)
i = ${BN}(x, g, b2, m, v)
y = Add(a, i)`,
    `y = Conv<${PAD1}, group = 2>(x, W_merged, b_merged)`,
  ],
  [
    'a depthwise branch within a dense one',
    `D: float[4, 1, 3, 3]
a = Conv<${PAD1}>(x, W)
d = Conv<${PAD1}, group = 4>(x, D)
y = Add(d, a)`,
    `y = Conv<${PAD1}>(x, W_merged)`,
  ],
  [
    'a dilated kernel within a larger one',
    `W: float[4, 1, 5, 5]
D: float[4, 1, 3, 3]
a = Conv<pads = [2, 2, 2, 2], group = 4>(x, W)
d = Conv<pads = [2, 2, 2, 2], dilations = [2, 2], group = 4>(x, D)
y = Add(a, d)`,
    'y = Conv<pads = [2, 2, 2, 2], group = 4>(x, W_merged)',
  ],
  [
    'pads on one side only, where the kernels still meet',
    `${POINT}
a = Conv<pads = [2, 0, 0, 2]>(x, W)
p = Conv(x, W2)
y = Add(a, p)`,
    'y = Conv<pads = [2, 0, 0, 2]>(x, W_merged)',
  ],
  [
    'a 1x1 with dilations, which do not matter to it',
    `${POINT}
a = Conv<pads = [2, 2, 2, 2], dilations = [2, 2]>(x, W)
p = Conv<dilations = [3, 3]>(x, W2)
y = Add(p, a)`,
    'y = Conv<pads = [2, 2, 2, 2], dilations = [2, 2]>(x, W_merged)',
  ],
  [
    'automatic pads',
    `W: float[4, 4, 2, 2]
a = Conv<auto_pad = "SAME_LOWER">(x, W)
b = Conv<auto_pad = "SAME_UPPER">(x, W2)
y = Add(a, b)`,
    `y = Conv<auto_pad = "SAME_UPPER">(x, W2_merged)`,
  ],
  [
    'automatic pads that do not meet: numbers for both',
    `W: float[4, 4, 2, 3]
W2: float[4, 4, 2, 3]
a = Conv<auto_pad = "SAME_LOWER">(x, W)
b = Conv<auto_pad = "SAME_UPPER">(x, W2)
y = Add(a, b)`,
    `y = Conv<${PAD1}>(x, W_merged)`,
  ],
  [
    'one axis, three axes',
    `x: input float[1, 2, 9]
u: input float[1, 2, 4, 4, 4]
W: float[2, 2, 3]
W2: float[2, 2, 1]
W3: float[2, 2, 3, 3, 3]
W4: float[2, 2, 1, 1, 1]
a = Conv<pads = [1, 1]>(x, W)
p = Conv(x, W2)
y = Add(a, p)
b = Conv<pads = [1, 1, 1, 1, 1, 1]>(u, W3)
q = Conv(u, W4)
z = Add(q, b)`,
    `y = Conv<pads = [1, 1]>(x, W_merged)
z = Conv<pads = [1, 1, 1, 1, 1, 1]>(u, W3_merged)`,
  ],
  [
    'two branches of three: the third reads something else',
    `${POINT}
u: input float[1, 4, 8, 8]
x: input float[1, 4, 8, 8]
a = Conv<${PAD1}>(x, W)
p = Conv(x, W2)
s = Add(a, u)
r = Add(s, p)
y: output
y = Relu(r)`,
    `a = Conv<${PAD1}>(x, W_merged)
r = Add(a, u)
y = Relu(r)`,
  ],
  [
    'two inputs in one sum, a pair each',
    `${POINT}
W4: float[4, 4, 1, 1]
u: input float[1, 4, 8, 8]
x: input float[1, 4, 8, 8]
a = Conv<${PAD1}>(x, W)
p = Conv(u, W2)
b = Conv<${PAD1}>(u, W3)
q = Conv(x, W4)
s = Add(a, p)
r = Add(b, q)
y = Add(s, r)`,
    `a = Conv<${PAD1}>(x, W_merged)
b = Conv<${PAD1}>(u, W3_merged)
y = Add(a, b)`,
  ],
  [
    'an output of the model, and its reader',
    `${POINT}
y: output
z: output
a = Conv<${PAD1}>(x, W)
p = Conv(x, W2)
y = Add(a, p)
z = Relu(y)`,
    `y = Conv<${PAD1}>(x, W_merged)
z = Relu(y)`,
  ],
  [
    'a branch with a second reader stays one, with its siblings',
    `${POINT}
a = Conv<${PAD1}>(x, W)
p = Conv(x, W2)
q = Conv<${PAD1}>(x, W3)
s = Add(a, q)
y = Add(s, p)
r = Relu(q)`,
    `a_merged = Conv<${PAD1}>(x, W_merged_1)
a, q = Split<axis = 1>(a_merged, a_split)
y = Add(a, q)
r = Relu(q)`,
  ],
  [
    'one weight for two branches',
    `a = Conv<${PAD1}>(x, W)
b = Conv<${PAD1}>(x, W, b1)
y = Add(a, b)`,
    `y = Conv<${PAD1}>(x, W_merged, W_bias_merged)`,
  ],
  [
    '1x1 with a bias, then 3x3 without pads',
    `W: float[4, 4, 1, 1]
a = Conv(x, W, b)
y = Conv(a, W2)`,
    'y = Conv(x, W2_merged, W2_bias_merged)',
  ],
  [
    '3x3 with pads and a bias, then 1x1 with a stride',
    `${POINT}
a = Conv<${PAD1}, strides = [2, 1]>(x, W, b)
y = Conv<strides = [1, 3]>(a, W2, b2)`,
    `y = Conv<strides = [2, 3], ${PAD1}>(x, W2_merged, b2_merged)`,
  ],
  [
    '1x1 with a stride, then 3x3 with pads: its taps spread',
    `W: float[4, 4, 1, 1]
a = Conv<strides = [2, 2]>(x, W)
y = Conv<${PAD1}>(a, W2, b2)`,
    'y = Conv<pads = [2, 2, 2, 2], strides = [2, 2], dilations = [2, 2]>(x, W2_merged, b2_merged)',
  ],
  [
    'three 1x1 in a row',
    `W: float[6, 4, 1, 1]
W2: float[8, 6, 1, 1]
W3: float[3, 8, 1, 1]
a = Conv(x, W, b)
c = Conv(a, W2)
y = Conv(c, W3, b3)`,
    'y = Conv(x, W3_merged, b3_merged)',
  ],
  [
    'groups in a row: as many as both have',
    `W: float[8, 2, 1, 1]
W2: float[8, 4, 3, 3]
a = Conv<group = 4>(x8, W, b)
y = Conv<group = 2>(a, W2)
x8: input float[1, 8, 5, 5]`,
    'y = Conv<group = 2>(x8, W2_merged, W2_bias_merged)',
  ],
];

testFused(FUSED, 'extended');
