// Layers on one input become one, with a Split behind it that keeps the names of the outputs.

import { testFused, type Fused } from '../helpers/rule-tables.js';

const BN = 'BatchNormalization';
const OLD = '<ir_version: 4, opset_import: ["": 10]>';

const FUSED: readonly Fused[] = [
  [
    'two convolutions',
    'y = Conv(x, W)\nz = Conv(x, W2)',
    'y_merged = Conv(x, W_merged)\ny, z = Split<axis = 1>(y_merged, y_split)',
  ],
  [
    'one with a bias, of other channels',
    'W2: float[3, 4, 3, 3]\ny = Conv(x, W)\nz = Conv(x, W2, b2)',
    'y_merged = Conv(x, W_merged, W_bias_merged)\ny, z = Split<axis = 1>(y_merged, y_split)',
  ],
  [
    'three of four',
    'V: float[4, 4, 1, 1]\na = Conv(x, W)\nb = Conv(x, W2)\nc = Conv(x, V)\nd = Conv(x, W3)',
    'a_merged = Conv(x, W_merged)\na, b, d = Split<axis = 1>(a_merged, a_split)\nc = Conv(x, V)',
  ],
  [
    'the size as an attribute before opset 13',
    `${OLD}\ny = Conv(x, W)\nz = Conv(x, W2)`,
    'y_merged = Conv(x, W_merged)\ny, z = Split<axis = 1, split = [4, 4]>(y_merged)',
  ],
  [
    'automatic padding and the same in numbers',
    'y = Conv<auto_pad = "SAME_UPPER">(x, W)\nz = Conv<pads = [1, 1, 1, 1]>(x, W2)',
    'y_merged = Conv<auto_pad = "SAME_UPPER">(x, W_merged)\ny, z = Split<axis = 1>(y_merged, y_split)',
  ],
  [
    'one weight for both',
    'y = Conv(x, W)\nz = Conv(x, W)',
    'y_merged = Conv(x, W_merged)\ny, z = Split<axis = 1>(y_merged, y_split)',
  ],
  [
    'batch norms fold first',
    `y0 = Conv(x, W)\ny = ${BN}(y0, g, b, m, v)\nz0 = Conv(x, W2)\nz = ${BN}(z0, g, b, m, v)`,
    'y_merged = Conv(x, W_merged, W_bias_merged)\ny, z = Split<axis = 1>(y_merged, y_split)',
  ],
  [
    'outputs of the model that others read, too',
    'y: output\nz: output\nr: output\ny = Conv(x, W)\nz = Conv(x, W2)\nr = Relu(y)',
    'y_merged = Conv(x, W_merged)\ny, z = Split<axis = 1>(y_merged, y_split)\nr = Relu(y)',
  ],
  [
    'products of any rank',
    'x: input float[2, 3, 5]\nW: float[5, 4]\nW2: float[5, 2]\ny = MatMul(x, W)\nz = MatMul(x, W2)',
    'y_merged = MatMul(x, W_merged)\ny, z = Split<axis = 2>(y_merged, y_split)',
  ],
  [
    'Gemm by rows, with beta, with and without C',
    'x: input float[2, 5]\nW: float[4, 5]\nW2: float[2, 5]\nc: float[1, 4]\ny = Gemm<transB = 1, beta = 0.5>(x, W, c)\nz = Gemm<transB = 1, beta = 0.5>(x, W2)',
    'y_merged = Gemm<transB = 1, beta = 0.5>(x, W_merged, c_merged)\ny, z = Split<axis = 1>(y_merged, y_split)',
  ],
  [
    'Gemm whose C has rows',
    'x: input float[2, 5]\nW: float[5, 4]\nW2: float[5, 3]\nc: float[2, 4]\nd: float[2, 1]\ny = Gemm(x, W, c)\nz = Gemm(x, W2, d)',
    'y_merged = Gemm(x, W_merged, c_merged)\ny, z = Split<axis = 1>(y_merged, y_split)',
  ],
];

testFused(FUSED, 'extended');
