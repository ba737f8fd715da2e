// What fuses into the layer before it, and what comes out of it.

import { testFused, type Fused } from '../helpers/rule-tables.js';

const BN = 'z = BatchNormalization(y, g, b, m, v)';
const BN9 = 'BatchNormalization(y, g, b, m, v)';

const FUSED: readonly Fused[] = [
  ['Conv', `y = Conv(x, W)\n${BN}`, 'z = Conv(x, W_fused, W_bias)'],
  ['Conv with bias', `y = Conv(x, W, b0)\n${BN}`, 'z = Conv(x, W_fused, b0_fused)'],
  ['an omitted bias', `y = Conv(x, W, "")\n${BN}`, 'z = Conv(x, W_fused, W_bias)'],
  [
    'names of parameters',
    `y = Conv(x, conv.weight)\n${BN}`,
    'z = Conv(x, conv.weight_fused, conv.bias)',
  ],
  [
    'the layer keeps its name',
    `[c1] y = Conv(x, W)\n[b1] ${BN}`,
    '[c1] z = Conv(x, W_fused, W_bias)',
  ],
  ['groups', `y = Conv<group = 2>(x, W)\n${BN}`, 'z = Conv<group = 2>(x, W_fused, W_bias)'],
  [
    'depthwise',
    `y = Conv<group = 4>(x, W, b0)\n${BN}`,
    'z = Conv<group = 4>(x, W_fused, b0_fused)',
  ],
  [
    'one axis',
    `W: float[4, 4, 3]\nx: input float[2, 4, 9]\ny = Conv<pads = [1, 1]>(x, W)\n${BN}`,
    'z = Conv<pads = [1, 1]>(x, W_fused, W_bias)',
  ],
  [
    'three axes',
    `W: float[3, 4, 2, 2, 2]\nx: input float[1, 4, 4, 4, 4]\ny = Conv(x, W)\n${BN}`,
    'z = Conv(x, W_fused, W_bias)',
  ],
  [
    'as many outputs as inputs',
    `W: float[4, 4, 1, 1]\ny = Conv(x, W)\n${BN}`,
    'z = Conv(x, W_fused, W_bias)',
  ],
  [
    'auto_pad',
    `y = Conv<auto_pad = "SAME_LOWER", strides = [2, 2]>(x, W)\n${BN}`,
    'z = Conv<auto_pad = "SAME_LOWER", strides = [2, 2]>(x, W_fused, W_bias)',
  ],
  [
    'a large epsilon',
    `y = Conv(x, W)\nz = BatchNormalization<epsilon = 0.1>(y, g, b, m, v)`,
    'z = Conv(x, W_fused, W_bias)',
  ],
  [
    'momentum, and training_mode 0',
    `y = Conv(x, W)\nz = BatchNormalization<momentum = 0.5, training_mode = 0>(y, g, b, m, v)`,
    'z = Conv(x, W_fused, W_bias)',
  ],
  [
    'further outputs without names',
    `y = Conv(x, W)\nz, "", "" = ${BN9}`,
    'z = Conv(x, W_fused, W_bias)',
  ],
  [
    'an unknown input shape',
    `x: input float[?, ?, ?, ?]\nW: float[4, 2, 3, 3]\ny = Conv(x, W)\n${BN}`,
    'z = Conv(x, W_fused, W_bias)',
  ],
  [
    'doubles',
    `W: double[4, 4, 3, 3]\nx: input double[1, 4, 5, 5]\ng: double[4]\nb: double[4]\nm: double[4]\nv: double[4]\ny = Conv(x, W)\n${BN}`,
    'z = Conv(x, W_fused, W_bias)',
  ],
  [
    'is_test before opset 7',
    `<ir_version: 3, opset_import: ["": 6]>\nW: input float[4, 4, 3, 3] = random(1)\ng: input float[4] = random(2)
     b: input float[4] = random(3)\nm: input float[4] = random(4)\nv: input float[4] = fill(2)
     y = Conv(x, W)\nz = BatchNormalization<is_test = 1>(y, g, b, m, v)`,
    'z = Conv(x, W_fused, W_bias)',
  ],
  [
    'spatial 1 before opset 9',
    `<ir_version: 4, opset_import: ["": 8]>\ny = Conv(x, W)\nz = BatchNormalization<spatial = 1>(y, g, b, m, v)`,
    'z = Conv(x, W_fused, W_bias)',
  ],
  [
    'opset 14',
    `<ir_version: 7, opset_import: ["": 14]>\ny = Conv(x, W)\n${BN}`,
    'z = Conv(x, W_fused, W_bias)',
  ],
  [
    'opset 22',
    `<ir_version: 10, opset_import: ["": 22]>\ny = Conv(x, W)\n${BN}`,
    'z = Conv(x, W_fused, W_bias)',
  ],
  [
    'one initializer for several parameters',
    `y = Conv(x, W)\nz = BatchNormalization(y, g, g, g, v)`,
    'z = Conv(x, W_fused, W_bias)',
  ],
  ['gamma 0', `g: float[4] = {0, 1, -1, 0}\ny = Conv(x, W)\n${BN}`, 'z = Conv(x, W_fused, W_bias)'],
  [
    'a chain',
    `y = Conv(x, W)\nu = ${BN9}\nz = BatchNormalization(u, g2, b2, m2, v2)`,
    'z = Conv(x, W_fused_1, W_bias_fused)',
  ],
  ['through Identity', `i = Conv(x, W)\ny = Identity(i)\n${BN}`, 'z = Conv(x, W_fused, W_bias)'],
  [
    'parameters in Constant nodes, behind Identity',
    `g0 = Constant<value = float[4] {1, -2, 3, 4}>()\ng = Identity(g0)\ny = Conv(x, W)\n${BN}`,
    'z = Conv(x, W_fused, W_bias)',
  ],
  [
    'two layers with one weight',
    `y = Conv(x, W)\nu = Conv(x, W)\nz = BatchNormalization(y, g, b, m, v)\nq = BatchNormalization(u, g, b, m, v)`,
    'z = Conv(x, W_fused, W_bias)\nq = Conv(x, W_fused_1, W_bias_1)',
  ],
  [
    'a weight that another operator reads',
    `W: float[4, 4, 1, 1]\ny = Conv(x, W)\n${BN}\nr = Relu(W)`,
    'z = Conv(x, W_fused, W_bias)\nr = Relu(W)',
  ],
  [
    'a weight that is an output',
    `W: output float[4, 4, 3, 3] = random(3)\nz: output\ny = Conv(x, W)\n${BN}`,
    'z = Conv(x, W_fused, W_bias)',
  ],
  [
    'names that are taken',
    `W_fused: float[1]\nW_bias: float[1]\ny = Conv(x, W)\n${BN}\nr = Relu(W_fused)\nq = Relu(W_bias)`,
    'z = Conv(x, W_fused_1, W_bias_1)\nr = Relu(W_fused)\nq = Relu(W_bias)',
  ],

  ['ConvTranspose', `y = ConvTranspose(x, W)\n${BN}`, 'z = ConvTranspose(x, W_fused, W_bias)'],
  [
    'ConvTranspose with groups',
    `y = ConvTranspose<group = 2, strides = [2, 2], output_padding = [1, 1]>(x, W, b0)\n${BN}`,
    'z = ConvTranspose<group = 2, strides = [2, 2], output_padding = [1, 1]>(x, W_fused, b0_fused)',
  ],
  [
    'ConvTranspose with uneven groups',
    `W: float[6, 5, 2, 2]\nx: input float[1, 6, 3, 3]\ny = ConvTranspose<group = 3>(x, W)\n${BN}`,
    'z = ConvTranspose<group = 3>(x, W_fused, W_bias)',
  ],
  [
    'ConvTranspose, depthwise',
    `W: float[4, 1, 3]\nx: input float[1, 4, 5]\ny = ConvTranspose<group = 4>(x, W)\n${BN}`,
    'z = ConvTranspose<group = 4>(x, W_fused, W_bias)',
  ],

  ['Gemm', `W: float[5, 3]\ny = Gemm(x, W)\n${BN}`, 'z = Gemm(x, W_fused, W_bias)'],
  [
    'Gemm, transposed, alpha and beta',
    `W: float[3, 5]\nc: float[3]\ny = Gemm<transB = 1, alpha = 0.3, beta = 2.5>(x, W, c)\n${BN}`,
    'z = Gemm<transB = 1>(x, W_fused, c_fused)',
  ],
  [
    'Gemm, transA',
    `x: input float[5, 2]\nW: float[5, 3]\ny = Gemm<transA = 1>(x, W)\n${BN}`,
    'z = Gemm<transA = 1>(x, W_fused, W_bias)',
  ],
  ...(
    [
      ['float = {0.7}', 'a scalar'],
      ['float[1] = {0.7}', 'one number'],
      ['float[1, 3]', 'a row'],
      ['float[2, 1]', 'a column'],
      ['float[2, 3]', 'a matrix'],
    ] as const
  ).map(([c, name]): Fused => [
    `Gemm whose C is ${name}`,
    `x: input float[2, 5]\nW: float[5, 3]\nc: ${c}\ny = Gemm<beta = 0.5>(x, W, c)\n${BN}`,
    'z = Gemm(x, W_fused, c_fused)',
  ]),
  [
    'MatMul',
    `x: input float[2, 5]\nW: float[5, 3]\n[mm] y = MatMul(x, W)\n${BN}`,
    '[mm] z = Gemm(x, W_fused, W_bias)',
  ],
  [
    'MatMul and Add, which become a Gemm, and batch norm',
    `x: input float[2, 5]\nW: float[5, 3]\nc: float[1, 3]\n[mm] y0 = MatMul(x, W)\ny = Add(c, y0)\n${BN}`,
    '[mm] z = Gemm(x, W_fused, W_bias_fused)',
  ],
  [
    'MatMul of rank 3 and its Add, through Transpose',
    `x: input float[2, 7, 5]\nW: float[5, 3]\nc: float[3]\ny0 = MatMul(x, W)\ny1 = Add(c, y0)\ny = Transpose<perm = [0, 2, 1]>(y1)\n${BN}`,
    'y0 = MatMul(x, W_fused)\ny1 = Add(c_fused, y0)\nz = Transpose<perm = [0, 2, 1]>(y1)',
  ],
  [
    'MatMul of rank 4 and an Add of one number, through Transpose',
    `x: input float[2, 3, 2, 5]\nW: float[5, 3]\nc: float = {0.5}\ny0 = MatMul(x, W)\ny1 = Add(y0, c)\ny = Transpose<perm = [0, 3, 1, 2]>(y1)\n${BN}`,
    'y0 = MatMul(x, W_fused)\ny1 = Add(y0, c_fused)\nz = Transpose<perm = [0, 3, 1, 2]>(y1)',
  ],
  [
    'MatMul of rank 3 and its Add, through a Reshape to rows',
    `x: input float[2, 7, 5]\nW: float[5, 3]\nc: float[3]\ns: int64[2] = {-1, 3}\ny0 = MatMul(x, W)\ny1 = Add(y0, c)\ny = Reshape(y1, s)\n${BN}`,
    'y0 = MatMul(x, W_fused)\ny1 = Add(y0, c_fused)\nz = Reshape(y1, s)',
  ],
  [
    'MatMul of rank 3 without a shift, through Transpose',
    `x: input float[2, 7, 5]\nW: float[5, 3]\nb: float[3] = fill(0)\nm: float[3] = fill(0)\ny0 = MatMul(x, W)\ny = Transpose<perm = [0, 2, 1]>(y0)\n${BN}`,
    'y0 = MatMul(x, W_fused)\nz = Transpose<perm = [0, 2, 1]>(y0)',
  ],
  [
    'Conv, parameters behind DequantizeLinear that are float numbers as they stand',
    `W: float[3, 5, 1, 1]\ngq: int8[3] = {-3, 100, 7}\ngs: float = {0.125}\ng = DequantizeLinear(gq, gs)\n
     bq: int32[3] = {1000000, -5, 9}\nbs: float[3] = {0.5, 2, 0.25}\nb = DequantizeLinear<axis = 0>(bq, bs)\n
     vq: uint8[3] = {130, 200, 131}\nvs: float = {0.03125}\nvz: uint8 = {128}\nv = DequantizeLinear(vq, vs, vz)\n
     y = Conv(x, W)\n${BN}`,
    'z = Conv(x, W_fused, W_bias)',
  ],
  [
    'MatMul taken from a constant',
    'x: input float[2, 5]\nW: float[5, 3]\nc: float[3]\ny = MatMul(x, W)\nz = Sub(c, y)',
    'z = Gemm(x, W_fused, W_bias)',
  ],
  [
    'Gemm through Unsqueeze',
    `x: input float[2, 5]\nW: float[5, 3]\na: int64[1] = {2}\ny0 = Gemm(x, W)\ny = Unsqueeze(y0, a)\n${BN}`,
    'y0 = Gemm(x, W_fused, W_bias)\nz = Unsqueeze(y0, a)',
  ],
  [
    'Gemm through Unsqueeze of opset 9, and Squeeze behind',
    `<ir_version: 4, opset_import: ["": 9]>\nx: input float[2, 5]\nW: float[5, 3]\nc: float[3]\ny0 = Gemm(x, W, c)
     y = Unsqueeze<axes = [-1]>(y0)\n${BN}\nq = Squeeze<axes = [2]>(z)`,
    'y0 = Gemm(x, W_fused, c_fused)\nz = Unsqueeze<axes = [-1]>(y0)\nq = Squeeze<axes = [2]>(z)',
  ],
  [
    'MatMul without shift',
    `x: input float[2, 5]\nW: float[5, 3]\nb: float[3] = fill(0)\nm: float[3] = fill(0)\ny = MatMul(x, W)\n${BN}`,
    'z = MatMul(x, W_fused)',
  ],
  [
    'MatMul through Reshape and Transpose',
    `x: input float[8, 5]\nW: float[5, 3]\nshape: int64[4] = {2, 2, 2, 3}\ny0 = MatMul(x, W)
     y1 = Reshape(y0, shape)\ny = Transpose<perm = [0, 3, 1, 2]>(y1)\n${BN}`,
    'y0 = Gemm(x, W_fused, W_bias)\ny1 = Reshape(y0, shape)\nz = Transpose<perm = [0, 3, 1, 2]>(y1)',
  ],
  [
    'Gemm through Reshape',
    `x: input float[8, 5]\nW: float[5, 3]\nc: float[3]\nshape: int64[4] = {-1, 3, 1, 1}\ny0 = Gemm(x, W, c)
     y = Reshape(y0, shape)\n${BN}`,
    'y0 = Gemm(x, W_fused, c_fused)\nz = Reshape(y0, shape)',
  ],

  ['Mul', 'c: float[4, 1, 1]\ny = Conv(x, W)\nz = Mul(y, c)', 'z = Conv(x, W_fused)'],
  [
    'Mul, constant first',
    'c: float[1, 4, 1, 1]\ny = Conv(x, W, b0)\nz = Mul(c, y)',
    'z = Conv(x, W_fused, b0_fused)',
  ],
  [
    'Mul by a scalar',
    'c: float = {-1.7}\ny = ConvTranspose(x, W, b0)\nz = Mul(y, c)',
    'z = ConvTranspose(x, W_fused, b0_fused)',
  ],
  [
    'Mul of a product of any rank',
    'x: input float[2, 3, 5]\nW: float[5, 4]\nc: float[4]\ny = MatMul(x, W)\nz = Mul(y, c)',
    'z = MatMul(x, W_fused)',
  ],
  [
    'Mul of Gemm by a row',
    'W: float[5, 4]\nb0: float[4]\nc: float[4]\ny = Gemm<alpha = 2.0>(x, W, b0)\nz = Mul(y, c)',
    'z = Gemm(x, W_fused, b0_fused)',
  ],
  [
    'Div',
    'c: float[4, 1, 1] = {1, -2, 3, 0.7}\ny = Conv(x, W, b0)\nz = Div(y, c)',
    'z = Conv(x, W_fused, b0_fused)',
  ],
  ['Add', 'c: float[4, 1, 1]\ny = Conv(x, W)\nz = Add(c, y)', 'z = Conv(x, W, W_bias)'],
  [
    'Add of one number in all axes',
    'c: float[1, 1, 1, 1]\ny = Conv(x, W, b0)\nz = Add(y, c)',
    'z = Conv(x, W, b0_fused)',
  ],
  ['Sub', 'c: float[4, 1, 1]\ny = Conv(x, W, b0)\nz = Sub(y, c)', 'z = Conv(x, W, b0_fused)'],
  [
    'Sub from a constant',
    'c: float[4, 1, 1]\ny = Conv(x, W, b0)\nz = Sub(c, y)',
    'z = Conv(x, W_fused, b0_fused)',
  ],
  [
    'Add to Gemm with alpha and beta',
    'W: float[5, 4]\nb0: float[4]\nc: float[4]\ny = Gemm<alpha = 2.0, beta = 3.0>(x, W, b0)\nz = Add(y, c)',
    'z = Gemm(x, W_fused, b0_fused)',
  ],
  [
    'Sum of a constant and the layer',
    'c: float[4, 1, 1]\ny = Conv(x, W)\nz = Sum(c, y)',
    'z = Conv(x, W, W_bias)',
  ],
  [
    'Sum of several constants and the layer, one of them a number',
    'c: float[4, 1, 1]\nd: float = {0.7}\ne: float[1, 4, 1, 1]\ny = ConvTranspose(x, W, b0)\nz = Sum(c, y, d, e)',
    'z = ConvTranspose(x, W, b0_fused)',
  ],
  [
    'Sum with a product of matrices',
    'x: input float[2, 5]\nW: float[5, 3]\nc: float[3]\ny = MatMul(x, W)\nz = Sum(y, c)',
    'z = Gemm(x, W, W_bias)',
  ],
  ['Neg', 'y = Conv<group = 2>(x, W, b0)\nz = Neg(y)', 'z = Conv<group = 2>(x, W_fused, b0_fused)'],
  [
    'Neg of ConvTranspose, of Gemm, and of a product of any rank',
    'x: input float[2, 3, 5]\nW: float[5, 4]\nu: input float[2, 5]\nt: input float[1, 4, 3, 3]\nk: float[4, 2, 3, 3]\n' +
      'a = MatMul(x, W)\nz = Neg(a)\nb = Gemm<alpha = 0.5>(u, W)\nq = Neg(b)\nc = ConvTranspose(t, k)\nr = Neg(c)',
    'z = MatMul(x, W_fused)\nq = Gemm(u, W_fused_1)\nr = ConvTranspose(t, k_fused)',
  ],
  [
    'Neg of opset 9, and its batch norm',
    `<ir_version: 4, opset_import: ["": 9]>\ny0 = Conv(x, W)\ny = Neg(y0)\n${BN}`,
    'z = Conv(x, W_fused_1, W_bias)',
  ],
  [
    'batch norm in parts',
    'c: float[4, 1, 1]\nd: float[4, 1, 1]\ns: float[4, 1, 1] = {1, 2, 3, 4}\ny0 = Conv(x, W)\ny1 = Sub(y0, c)\ny2 = Div(y1, s)\ny3 = Mul(y2, d)\nz = Add(y3, c)',
    'z = Conv(x, W_fused_1, W_bias_fused_2)',
  ],
  [
    'Add and batch norm',
    `c: float[4, 1, 1]\ny0 = ConvTranspose(x, W)\ny = Add(y0, c)\n${BN}`,
    'z = ConvTranspose(x, W_fused, W_bias_fused)',
  ],
];

testFused(FUSED);
