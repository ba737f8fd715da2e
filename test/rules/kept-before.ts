// What does not fuse into the operator behind it, and parameters that are not quite constants.

import type { Kept } from '../helpers/rule-tables.js';

const BN = 'z = BatchNormalization(y, g, b, m, v)';
const PADS = 'p: int64[8] = {0, 0, 1, 1, 0, 0, 1, 1}';

export const KEPT_BEFORE: readonly Kept[] = [
  [
    'batch norm with a shift before padded Conv',
    'u = BatchNormalization(x, g, b, m, v)\nz = Conv<pads = [1, 0, 0, 0]>(u, W)',
    'padding',
  ],
  [
    'batch norm with a shift before SAME Conv',
    'u = BatchNormalization(x, g, b, m, v)\nz = Conv<auto_pad = "SAME_UPPER">(u, W)',
    'padding',
  ],
  [
    'batch norm with a shift before ConvTranspose',
    'u = BatchNormalization(x, g, b, m, v)\nz = ConvTranspose(u, W)',
    'padding',
  ],
  [
    'a shift before a ConvTranspose with gaps',
    'W: float[4, 3, 1, 1]\nu = BatchNormalization(x, g, b, m, v)\nz = ConvTranspose<strides = [2, 2]>(u, W)',
    'padding',
  ],
  [
    'batch norm that two layers read',
    'u = BatchNormalization(x, g, b, m, v)\nz = Conv(u, W)\nq = Conv(u, V)',
    'multi-consumer',
  ],
  [
    'batch norm before a Gemm that transposes it',
    'x: input float[5, 2]\nW: float[5, 3]\nu = BatchNormalization(x, g, b, m, v)\nz = Gemm<transA = 1>(u, W)',
    'shape',
  ],
  [
    'batch norm before a MatMul of rank 3',
    'x: input float[2, 5, 5]\nW: float[5, 3]\nu = BatchNormalization(x, g, b, m, v)\nz = MatMul(u, W)',
    'shape',
  ],
  [
    'batch norm before a Gemm whose C has rows',
    'x: input float[2, 5]\nW: float[5, 3]\nc: float[2, 3]\nu = BatchNormalization(x, g, b, m, v)\nz = Gemm(u, W, c)',
    'broadcast',
  ],
  [
    'batch norm before a Flatten that more than one layer reads',
    'x: input float[2, 4, 3, 2]\nW: float[24, 3]\nV: float[24, 3]\nu = BatchNormalization(x, g, b, m, v)\nr = Flatten(u)\nz = Gemm(r, W)\nq = Gemm(r, V)',
    'multi-consumer',
  ],
  [
    'batch norm before a Flatten whose rows are an output',
    'r: output\nz: output\nx: input float[2, 4, 3, 2]\nW: float[24, 3]\nu = BatchNormalization(x, g, b, m, v)\nr = Flatten(u)\nz = Gemm(r, W)',
    'graph-output',
  ],
  [
    'batch norm before a Flatten in the middle of images of unknown size',
    'x: input float[2, ?, ?, ?]\nW: float[25, 3]\nu = BatchNormalization(x, g, b, m, v)\nr = Flatten<axis = 2>(u)\nz = Gemm(r, W)',
    'shape',
  ],
  [
    'batch norm before a Reshape that makes several rows of an image',
    'x: input float[2, 4, 3, 2]\ns: int64[2] = {-1, 12}\nW: float[12, 3]\nu = BatchNormalization(x, g, b, m, v)\nr = Reshape(u, s)\nz = Gemm(r, W)',
    'shape',
  ],
  [
    'batch norm before a Reshape of images of unknown size',
    'x: input float[2, 4, ?, ?]\ns: int64[2] = {-1, 100}\nW: float[100, 3]\nu = BatchNormalization(x, g, b, m, v)\nr = Reshape(u, s)\nz = Gemm(r, W)',
    'shape',
  ],
  [
    'batch norm before a Reshape whose 0 is a size',
    'x: input float[2, 4, ?, ?]\ns: int64[2] = {0, 100}\nW: float[100, 3]\nu = BatchNormalization(x, g, b, m, v)\nr = Reshape<allowzero = 1>(u, s)\nz = Gemm(r, W)',
    'shape',
  ],
  [
    'batch norm of channels that do not divide the columns',
    'W: float[25, 3]\nu = BatchNormalization(x, g, b, m, v)\nr = Flatten(u)\nz = Gemm(r, W)',
    'shape',
  ],
  [
    'batch norm before a Reshape to the input of a MatMul of rank 3',
    'x: input float[2, 4, 3, 2]\ns: int64[3] = {2, 1, 24}\nW: float[24, 3]\nu = BatchNormalization(x, g, b, m, v)\nr = Reshape(u, s)\nz = MatMul(r, W)',
    'shape',
  ],
  [
    'a constant for each column before Flatten',
    'x: input float[2, 4, 3, 4]\nc: float[4]\nW: float[48, 3]\nu = Mul(x, c)\nr = Flatten(u)\nz = Gemm(r, W)',
    'broadcast',
  ],
  [
    'a sum with a number for each element before Flatten',
    'x: input float[2, 4, 3, 4]\nc: float[4, 3, 4]\nW: float[48, 3]\nu = Add(x, c)\nr = Flatten(u)\nz = Gemm(r, W)',
    'broadcast',
  ],
  [
    'a constant for channels that are not known before Flatten',
    'x: input float[2, ?, 3, 2]\nc: float[4, 1, 1]\nW: float[24, 3]\nu = Mul(x, c)\nr = Flatten(u)\nz = Gemm(r, W)',
    'shape',
  ],
  [
    'a Mul before a Reshape that makes several rows of an image',
    'x: input float[2, 4, 3, 2]\nc: float[4, 1, 1]\ns: int64[2] = {-1, 12}\nW: float[12, 3]\nu = Mul(x, c)\nr = Reshape(u, s)\nz = Gemm(r, W)',
    'shape',
  ],
  [
    'an Add before a Reshape that makes several rows of an image',
    'x: input float[2, 4, 3, 2]\nc: float[4, 1, 1]\ns: int64[2] = {-1, 12}\nW: float[12, 3]\nu = Add(x, c)\nr = Reshape(u, s)\nz = Gemm(r, W)',
    'shape',
  ],
  [
    'a Sum before padded Conv',
    'x: input float[1, 4, 5, 5]\nc: float[4, 1, 1]\nd: float[1]\nW: float[3, 4, 3, 3]\nu = Sum(x, c, d)\nz = Conv<pads = [0, 1, 0, 1]>(u, W)',
    'padding',
  ],
  [
    'a Sum of constants that widen the data',
    'x: input float[1, 1, 5, 5]\nc: float[4, 1, 1]\nd: float[1]\nW: float[3, 4, 3, 3]\nu = Sum(x, c, d)\nz = Conv(u, W)',
    'shape',
  ],
  ['a Neg that two layers read', 'u = Neg(x)\nz = Conv(u, W)\nq = Conv(u, V)', 'multi-consumer'],
  [
    'batch norm of too many channels before Conv',
    'x: input float[1, 4, 5, 5]\nW: float[2, 2, 3, 3]\nu = BatchNormalization(x, g, b, m, v)\nz = Conv(u, W)',
    'shape',
  ],
  [
    'batch norm that makes the weight',
    'W0: input float[4, 4, 3, 3]\nx: input float[1, 4, 5, 5]\nu = BatchNormalization(W0, g, b, m, v)\nz = Conv(x, u)',
    'pattern',
  ],
  [
    'a constant that makes the channels',
    'x: input float[1, 1, 5, 5]\nc: float[4, 1, 1]\nW: float[2, 4, 3, 3]\nu = Mul(x, c)\nz = Conv(u, W)',
    'shape',
  ],
  [
    'a constant that makes the rank',
    'x: input float[5, 5]\nc: float[1, 4, 1, 1]\nW: float[2, 4, 3, 3]\nu = Add(x, c)\nz = Conv(u, W)',
    'shape',
  ],
  [
    'a number that may make the rank',
    'x: input float[5, 5]\nc: float[1, 1, 1, 1]\nW: float[2, 1, 3, 3]\nu = Mul(x, c)\nz = Conv(u, W)',
    'shape',
  ],
  [
    'a constant per column before Conv',
    'x: input float[1, 4, 5, 4]\nc: float[4]\nW: float[2, 4, 3, 3]\nu = Mul(x, c)\nz = Conv(u, W)',
    'broadcast',
  ],
  [
    'a sum before padded Conv',
    'x: input float[1, 4, 5, 5]\nc: float[4, 1, 1]\nW: float[2, 4, 3, 3]\nu = Add(x, c)\nz = Conv<pads = [1, 1, 1, 1]>(u, W)',
    'padding',
  ],
  [
    'a quotient of a number before Conv',
    'x: input float[1, 4, 5, 5]\nc: float = {2}\nW: float[2, 4, 3, 3]\nu = Div(c, x)\nz = Conv(u, W)',
    'pattern',
  ],
  [
    'a written-out activation before Conv',
    'x: input float[1, 4, 5, 5]\nh = Sigmoid(x)\np = Mul(x, h)\nc: float = {6}\nu = Div(p, c)\nz = Conv(u, W)\nW: float[2, 4, 3, 3]',
    'pattern',
  ],
  [
    'a residual sum before Conv',
    'x: input float[1, 4, 5, 5]\nq: input float[1, 4, 5, 5]\nu = Add(x, q)\nz = Conv(u, W)\nW: float[2, 4, 3, 3]',
    undefined,
  ],
  [
    'a Reshape that splits rows and keeps columns last',
    'x: input float[6, 5]\nW: float[5, 3]\ns: int64[3] = {2, 3, 3}\ny0 = MatMul(x, W)\ny = Reshape(y0, s)\nz = BatchNormalization(y, g, b, m, v)\ng: float[3]\nb: float[3]\nm: float[3]\nv: float[3]',
    'shape',
  ],
  [
    'a Transpose that moves the columns away',
    `x: input float[3, 5]\nW: float[5, 3]\ny0 = MatMul(x, W)\ny = Transpose(y0)\n${BN}\ng: float[3]\nb: float[3]\nm: float[3]\nv: float[3]`,
    'shape',
  ],
  [
    'a Reshape that others read',
    `x: input float[8, 5]\nW: float[5, 3]\ns: int64[4] = {8, 3, 1, 1}\ny0 = MatMul(x, W)\ny = Reshape(y0, s)\n${BN}\nr = Relu(y)\ng: float[3]\nb: float[3]\nm: float[3]\nv: float[3]`,
    'multi-consumer',
  ],

  [
    'statistics of other channels before a Conv of unknown input',
    'x: input float[?, ?, ?, ?]\nW: float[2, 2, 3, 3]\nu = BatchNormalization(x, g, b, m, v)\nz = Conv(u, W)\ng: float[4]\nb: float[4]\nm: float[4]\nv: float[4]',
    'shape',
  ],
  [
    'batch norm before a square Gemm that transposes it',
    'x: input float[5, 5]\nW: float[5, 3]\nu = BatchNormalization(x, g, b, m, v)\nz = Gemm<transA = 1>(u, W)',
    'shape',
  ],
  [
    'two batch norms of different lengths',
    `r = Relu(x)\ny = BatchNormalization(r, g0, b0, m0, v0)\n${BN}\ng: float[5]\nb: float[5]\nm: float[5]\nv: float[5]`,
    'shape',
  ],
  [
    'an Identity whose input has a namesake where it is read',
    `c: input bool\nx: input float[1, 4]\ny = Identity(x)
     q = If<then_branch = { x = Relu(y); t = Neg(x) }, else_branch = { e = Relu(y) }>(c)`,
    'pattern',
  ],

  [
    'Pad with another number',
    `${PADS}\nc: float = {1}\ny = Pad(x, p, c)\nz = Conv(y, W)`,
    'padding',
  ],
  [
    'Pad by more than an attribute may say',
    'p: int64[8] = {0, 0, 0, 2147483648, 0, 0, 0, 0}\ny = Pad(x, p)\nz = Conv(y, W)',
    'padding',
  ],
  [
    'Pad by more than an attribute may say, together with its own',
    'p: int64[8] = {0, 0, 0, 2147483647, 0, 0, 0, 0}\ny = Pad(x, p)\nz = Conv<pads = [0, 1, 0, 0]>(y, W)',
    'padding',
  ],
  ['Pad that reflects', `${PADS}\ny = Pad<mode = "reflect">(x, p)\nz = Conv(y, W)`, 'attribute'],
  [
    'Pad that crops',
    'p: int64[8] = {0, 0, -1, 1, 0, 0, 1, 1}\ny = Pad(x, p)\nz = Conv(y, W)',
    'padding',
  ],
  [
    'Pad of channels',
    'p: int64[8] = {0, 1, 1, 1, 0, 0, 1, 1}\nx: input float[1, 3, 5, 5]\nW: float[2, 4, 3, 3]\ny = Pad(x, p)\nz = Conv(y, W)',
    'padding',
  ],
  ['Pad by an input', 'p: input int64[8]\ny = Pad(x, p)\nz = Conv(y, W)', 'not-constant'],
  ['Pad before SAME', `${PADS}\ny = Pad(x, p)\nz = Conv<auto_pad = "SAME_UPPER">(y, W)`, 'padding'],
  [
    'Pad for another rank',
    'p: int64[6] = {0, 0, 1, 0, 0, 1}\nW: float[2, 4, 3, 3]\ny = Pad(x, p)\nz = Conv(y, W)',
    'shape',
  ],
  [
    'Pad that two operators read',
    `${PADS}\ny = Pad(x, p)\nz = Conv(y, W)\nr = Relu(y)`,
    'multi-consumer',
  ],
  [
    'Pad of 0 before MaxPool',
    `${PADS}\ny = Pad(x, p)\nz = MaxPool<kernel_shape = [3, 3]>(y)`,
    'padding',
  ],
  [
    'Pad as wide as the kernel',
    'p: int64[8] = {0, 0, 3, 1, 0, 0, 1, 1}\ny = Pad(x, p)\nz = AveragePool<kernel_shape = [3, 3]>(y)',
    'padding',
  ],
  [
    'Pad before ceil_mode',
    `${PADS}\ny = Pad(x, p)\nz = AveragePool<kernel_shape = [3, 3], ceil_mode = 1>(y)`,
    'attribute',
  ],
  [
    'Pad before pads that do not count',
    `${PADS}\ny = Pad(x, p)\nz = AveragePool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(y)`,
    'padding',
  ],
  [
    'Pad before a pool that gives indices',
    `${PADS}\nlow: float = {-inf}\ny = Pad(x, p, low)\nz, i = MaxPool<kernel_shape = [3, 3]>(y)`,
    'extra-outputs',
  ],
  [
    'Pad that reflects before AveragePool',
    `${PADS}\ny = Pad<mode = "reflect">(x, p)\nz = AveragePool<kernel_shape = [3, 3]>(y)`,
    'attribute',
  ],
  [
    'Pad that reflects before MaxPool',
    `${PADS}\nlow: float = {-inf}\ny = Pad<mode = "edge">(x, p, low)\nz = MaxPool<kernel_shape = [3, 3]>(y)`,
    'attribute',
  ],
  [
    'Pad before AveragePool with automatic pads',
    `${PADS}\ny = Pad(x, p)\nz = AveragePool<kernel_shape = [3, 3], auto_pad = "SAME_UPPER", count_include_pad = 1>(y)`,
    'padding',
  ],
  [
    'Pad before MaxPool with automatic pads',
    `${PADS}\nlow: float = {-inf}\ny = Pad(x, p, low)\nz = MaxPool<kernel_shape = [3, 3], auto_pad = "SAME_LOWER">(y)`,
    'padding',
  ],
  [
    'Pad with ones before AveragePool',
    `${PADS}\none: float = {1}\ny = Pad(x, p, one)\nz = AveragePool<kernel_shape = [3, 3]>(y)`,
    'padding',
  ],
  [
    'Pad before MaxPool that rounds up',
    `${PADS}\nlow: float = {-inf}\ny = Pad(x, p, low)\nz = MaxPool<kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1>(y)`,
    'attribute',
  ],
  [
    'Pad before AveragePool of an old opset',
    '<ir_version: 3, opset_import: ["": 6]>\ny = Pad<pads = [0, 0, 1, 1, 0, 0, 1, 1]>(x)\nz = AveragePool<kernel_shape = [3, 3]>(y)',
    'opset',
  ],

  [
    'a parameter computed from one that a caller may override',
    `g0: input float[4] = fill(1)\ng = Neg(g0)\ny = Conv(x, W)\n${BN}`,
    'overridable-input',
  ],
  [
    'a parameter that breaks its operator',
    `g0: float[3]\ns: int64[1] = {4}\ng = Reshape(g0, s)\nW: float[4, 4, 3, 3]\ny = Conv(x, W)\n${BN}`,
    'not-constant',
  ],
  [
    'a large weight that is only described, in a file that could well hold it',
    `k: float[20000]
q = Relu(k)
s: int64[4] = {32, 32, 3, 3}\nW = ConstantOfShape<value = float[1] {0.5}>(s)\nx: input float[1, 32, 5, 5]
     y = Conv(x, W)\n${BN}\ng: float[32]\nb: float[32]\nm: float[32]\nv: float[32]`,
    'growth',
  ],
  [
    'a weight larger than any',
    `s: int64[4] = {65536, 65536, 3, 3}\nW = ConstantOfShape<value = float[1] {0.5}>(s)\nx: input float[1, 4, 5, 5]
     y = Conv(x, W)\n${BN}`,
    'not-constant',
  ],
];
