// What fuses into the operator behind it, and parameters that are computed.

import { testFused, type Fused } from '../helpers/rule-tables.js';

const BN = 'z = BatchNormalization(y, g, b, m, v)';
const BN9 = 'BatchNormalization(y, g, b, m, v)';

const FUSED: readonly Fused[] = [
  [
    'batch norm before Conv',
    `u = BatchNormalization(x, g, b, m, v)\nz = Conv<strides = [2, 1], dilations = [1, 2]>(u, W)`,
    'z = Conv<strides = [2, 1], dilations = [1, 2]>(x, W_fused, W_bias)',
  ],
  [
    'batch norm before grouped Conv',
    `u = BatchNormalization(x, g, b, m, v)\nz = Conv<group = 2>(u, W, b0)`,
    'z = Conv<group = 2>(x, W_fused, b0_fused)',
  ],
  [
    'batch norm without shift before padded Conv',
    `b: float[4] = fill(0)\nm: float[4] = fill(0)\nu = BatchNormalization(x, g, b, m, v)\nz = Conv<pads = [1, 1, 1, 1]>(u, W)`,
    'z = Conv<pads = [1, 1, 1, 1]>(x, W_fused)',
  ],
  [
    'batch norm without shift before ConvTranspose',
    `b: float[4] = fill(0)\nm: float[4] = fill(0)\nu = BatchNormalization(x, g, b, m, v)\nz = ConvTranspose<group = 2, strides = [2, 2]>(u, W, b0)`,
    'z = ConvTranspose<group = 2, strides = [2, 2]>(x, W_fused, b0_fused)',
  ],
  [
    'batch norm before a ConvTranspose of one tap',
    `W: float[4, 3, 1, 1]\nu = BatchNormalization(x, g, b, m, v)\nz = ConvTranspose(u, W)`,
    'z = ConvTranspose(x, W_fused, W_bias)',
  ],
  [
    'batch norm before Gemm',
    'x: input float[2, 5]\nW: float[3, 5]\nc: float[3]\nu = BatchNormalization(x, g, b, m, v)\nz = Gemm<transB = 1, alpha = 0.5, beta = 2.0>(u, W, c)',
    'z = Gemm<transB = 1>(x, W_fused, c_fused)',
  ],
  [
    'batch norm before MatMul',
    'x: input float[2, 5]\nW: float[5, 3]\nu = BatchNormalization(x, g, b, m, v)\nz = MatMul(u, W)',
    'z = Gemm(x, W_fused, W_bias)',
  ],
  [
    'batch norm before Flatten and Gemm',
    'x: input float[2, 4, 3, 1]\nW: float[12, 3]\nu = BatchNormalization(x, g, b, m, v)\nr = Flatten(u)\nz = Gemm<alpha = 0.5>(r, W)',
    'r = Flatten(x)\nz = Gemm(r, W_fused, W_bias)',
  ],
  [
    'batch norm before Flatten of images of unknown size, and a Gemm by rows',
    'x: input float[?, ?, ?, ?]\nW: float[3, 50]\nc: float[3]\ng: float[2]\nb: float[2]\nm: float[2]\nv: float[2]\nu = BatchNormalization(x, g, b, m, v)\nr = Flatten<axis = 1>(u)\nz = Gemm<transB = 1>(r, W, c)',
    'r = Flatten<axis = 1>(x)\nz = Gemm<transB = 1>(r, W_fused, c_fused)',
  ],
  [
    'batch norm before a Reshape that keeps the batch, and MatMul',
    'x: input float[?, ?, ?, ?]\ns: int64[2] = {0, 50}\nW: float[50, 3]\ng: float[2]\nb: float[2]\nm: float[2]\nv: float[2]\nu = BatchNormalization(x, g, b, m, v)\nr = Reshape(u, s)\nz = MatMul(r, W)',
    'r = Reshape(x, s)\nz = Gemm(r, W_fused, W_bias)',
  ],
  [
    'batch norm before a Reshape to rows as long as the images',
    'x: input float[?, 4, 2, 3]\ns: int64[2] = {-1, 24}\nW: float[24, 3]\nu = BatchNormalization(x, g, b, m, v)\nr = Reshape(u, s)\nz = Gemm(r, W)',
    'r = Reshape(x, s)\nz = Gemm(r, W_fused, W_bias)',
  ],
  [
    'batch norm before Squeeze and Gemm',
    'x: input float[2, 4, 1, 1]\naxes: int64[2] = {2, 3}\nW: float[4, 3]\nu = BatchNormalization(x, g, b, m, v)\nr = Squeeze(u, axes)\nz = Gemm(r, W)',
    'r = Squeeze(x, axes)\nz = Gemm(r, W_fused, W_bias)',
  ],
  [
    'Mul and Add of constants before Flatten and Gemm',
    'x: input float[2, 4, 3, 2]\nc: float[4, 1, 1]\nd: float[1, 4, 1, 1]\nW: float[24, 3]\nt = Mul(c, x)\nu = Add(t, d)\nr = Flatten(u)\nz = Gemm(r, W)',
    'r = Flatten(x)\nz = Gemm(r, W_fused, W_bias_fused)',
  ],
  [
    'Div by a number before Reshape and MatMul',
    'x: input float[2, 4, 3, 2]\nc: float = {255}\ns: int64[2] = {0, -1}\nW: float[24, 3]\nu = Div(x, c)\nr = Reshape(u, s)\nz = MatMul(r, W)',
    'r = Reshape(x, s)\nz = MatMul(r, W_fused)',
  ],
  [
    'batch norm between layers goes back',
    `y = Conv(x, W)\nu = ${BN9}\nz = Conv(u, V)`,
    'u = Conv(x, W_fused, W_bias)\nz = Conv(u, V)',
  ],
  [
    'Mul before padded Conv',
    'x: input float[1, 4, 5, 5]\nc: float[4, 1, 1]\nW: float[3, 4, 3, 3]\nu = Mul(c, x)\nz = Conv<pads = [1, 1, 1, 1]>(u, W)',
    'z = Conv<pads = [1, 1, 1, 1]>(x, W_fused)',
  ],
  [
    'Sub from a constant before Conv',
    'x: input float[1, 4, 5, 5]\nc: float[4, 1, 1]\nW: float[3, 4, 3, 3]\nu = Sub(c, x)\nz = Conv(u, W)',
    'z = Conv(x, W_fused, W_bias)',
  ],
  [
    'Add before Conv',
    'x: input float[1, 4, 5, 5]\nc: float[4, 1, 1]\nu = Add(x, c)\nz = Conv(u, W)',
    'z = Conv(x, W, W_bias)',
  ],
  [
    'Sum of constants before Conv',
    'x: input float[1, 4, 5, 5]\nc: float[4, 1, 1]\nd: float[1]\nW: float[3, 4, 3, 3]\nu = Sum(c, x, d)\nz = Conv(u, W)',
    'z = Conv(x, W, W_bias)',
  ],
  [
    'Neg before padded Conv of unknown size',
    'x: input float[?, ?, ?, ?]\nW: float[4, 2, 3, 3]\nu = Neg(x)\nz = Conv<pads = [1, 1, 1, 1]>(u, W, b0)',
    'z = Conv<pads = [1, 1, 1, 1]>(x, W_fused, b0_fused)',
  ],
  [
    'Neg before Flatten and Gemm',
    'x: input float[2, 4, 3, 2]\nW: float[24, 3]\nu = Neg(x)\nr = Flatten(u)\nz = Gemm(r, W)',
    'r = Flatten(x)\nz = Gemm(r, W_fused)',
  ],
  [
    'Div by a number before Conv of unknown size',
    'x: input float[?, ?, ?, ?]\nW: float[4, 2, 3, 3]\nc: float = {255}\nu = Div(x, c)\nz = Conv<auto_pad = "SAME_UPPER">(u, W)',
    'z = Conv<auto_pad = "SAME_UPPER">(x, W_fused)',
  ],

  [
    'two batch norms without a layer',
    `r = Relu(x)\ny = BatchNormalization(r, g0, b0, m0, v0)\n${BN}`,
    'r = Relu(x)\nz = BatchNormalization(r, g0_fused, b0_fused, m0, v0)',
  ],

  [
    'Pad before Conv',
    'p: int64[8] = {0, 0, 1, 0, 0, 0, 2, 3}\ny = Pad(x, p)\nz = Conv<pads = [0, 1, 0, 1], auto_pad = "NOTSET">(y, W)',
    'z = Conv<pads = [1, 1, 2, 4]>(x, W)',
  ],
  [
    'Pad before a VALID Conv',
    'p: int64[8] = {0, 0, 1, 1, 0, 0, 1, 1}\ny = Pad<mode = "constant">(x, p)\nz = Conv<auto_pad = "VALID">(y, W)',
    'z = Conv<pads = [1, 1, 1, 1]>(x, W)',
  ],
  [
    'Pad with axes',
    '<ir_version: 8, opset_import: ["": 18]>\np: int64[2] = {1, 2}\naxes: int64[1] = {-1}\ny = Pad(x, p, "", axes)\nz = Conv(y, W)',
    'z = Conv<pads = [0, 1, 0, 2]>(x, W)',
  ],
  [
    'Pad before opset 11',
    '<ir_version: 4, opset_import: ["": 9]>\ny = Pad<pads = [0, 0, 1, 2, 0, 0, 1, 2]>(x)\nz = Conv(y, W)',
    'z = Conv<pads = [1, 2, 1, 2]>(x, W)',
  ],
  [
    'Pad, Conv and batch norm',
    `p: int64[8] = {0, 0, 1, 1, 0, 0, 1, 1}\nzero: float = {0}\nu = Pad(x, p, zero)\ny = Conv(u, W)\n${BN}`,
    'z = Conv<pads = [1, 1, 1, 1]>(x, W_fused, W_bias)',
  ],
  [
    'Pad before AveragePool',
    'p: int64[8] = {0, 0, 1, 0, 0, 0, 1, 2}\ny = Pad(x, p)\nz = AveragePool<kernel_shape = [3, 3], strides = [2, 2]>(y)',
    'z = AveragePool<kernel_shape = [3, 3], strides = [2, 2], count_include_pad = 1, pads = [1, 0, 1, 2]>(x)',
  ],
  [
    'Pad before AveragePool that counts its pads',
    'p: int64[8] = {0, 0, 1, 0, 0, 0, 1, 1}\ny = Pad(x, p)\nz = AveragePool<kernel_shape = [3, 3], pads = [1, 1, 1, 1], count_include_pad = 1>(y)',
    'z = AveragePool<kernel_shape = [3, 3], pads = [2, 1, 2, 2], count_include_pad = 1>(x)',
  ],
  [
    'Pad before MaxPool',
    'p: int64[8] = {0, 0, 1, 0, 0, 0, 1, 1}\nlow: float = {-3.4028234663852886e38}\ny = Pad(x, p, low)\nz = MaxPool<kernel_shape = [3, 3]>(y)',
    'z = MaxPool<kernel_shape = [3, 3], pads = [1, 0, 1, 1]>(x)',
  ],

  ['Identity before an output', 'y = Conv(x, W)\nz = Identity(y)', 'z = Conv(x, W)'],
  [
    'Identity before an output, with other readers',
    'z: output\nq: output\ny = Conv(x, W)\nz = Identity(y)\nq = Relu(y)',
    'z = Conv(x, W)\nq = Relu(z)',
  ],
  ['Identity of an input', 'y = Identity(x)\nz = Relu(y)', 'z = Relu(x)'],

  [
    'constants behind Unsqueeze',
    'c0: float[4]\nc = Unsqueeze(c0, axes)\naxes: int64[2] = {1, 2}\ny = Conv(x, W)\nz = Mul(y, c)',
    'z = Conv(x, W_fused)',
  ],
  [
    'constants behind Reshape and Identity',
    's: int64[4] = {1, -1, 1, 1}\nc0: float[4]\nc1 = Identity(c0)\nc = Reshape(c1, s)\ny = Conv(x, W)\nz = Add(y, c)',
    'z = Conv(x, W, W_bias)',
  ],
  [
    'batch norm written out, with the root of the variance',
    `v: float[4, 1, 1] = {1, 2, 0.5, 3}\nm: float[4, 1, 1]\ng: float[4, 1, 1]\nb: float[4, 1, 1]\neps: float = {0.001}
     v1 = Add(v, eps)\nroot = Sqrt(v1)\ny = Conv(x, W)\ny1 = Sub(y, m)\ny2 = Div(y1, root)\ny3 = Mul(y2, g)\nz = Add(y3, b)`,
    'z = Conv(x, W_fused_1, W_bias_fused_2)',
  ],
  [
    'a reciprocal and a negated mean',
    `v: float[4, 1, 1] = {1, 2, 0.5, 3}\nm: float[4, 1, 1]\nroot = Sqrt(v)\nr = Reciprocal(root)\nn = Neg(m)
     y = Conv(x, W)\ny1 = Add(y, n)\nz = Mul(y1, r)`,
    'z = Conv(x, W_fused, W_bias_fused)',
  ],
  [
    'statistics that are cast, and a small weight out of ConstantOfShape',
    `s: int64[4] = {4, 4, 1, 1}\nW = ConstantOfShape<value = float[1] {0.5}>(s)\ng0: double[4]\ng = Cast<to = 1>(g0)
     x: input float[1, 4, 5, 5]\ny = Conv(x, W)\n${BN}`,
    'z = Conv(x, W_fused, W_bias)',
  ],
  [
    'pads that are computed',
    'p0: int64[2, 4] = {0, 0, 1, 2, 0, 0, 1, 2}\ns: int64[1] = {-1}\np = Reshape(p0, s)\ny = Pad(x, p)\nz = Conv(y, W)',
    'z = Conv<pads = [1, 2, 1, 2]>(x, W)',
  ],
  [
    'pads that a Split and a Concat put in order, as tf2onnx writes them',
    `p0: int64[8] = {0, 0, 0, 0, 1, 3, 2, 4}\na, b, c, d, e, f, g, h = Split<axis = 0>(p0)
     p = Concat<axis = 0>(a, b, e, g, c, d, f, h)\ny = Pad(x, p)\nz = Conv(y, W)`,
    'z = Conv<pads = [1, 2, 3, 4]>(x, W)',
  ],
];

testFused(FUSED);
