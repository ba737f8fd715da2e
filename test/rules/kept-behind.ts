// One graph for each way in which a fold would be wrong. Each comes back as it was, with its reason.

import type { Kept } from '../helpers/rule-tables.js';

const BN = 'z = BatchNormalization(y, g, b, m, v)';

export const KEPT_BEHIND: readonly Kept[] = [
  ['the layer has a second reader', `y = Conv(x, W)\n${BN}\nr = Relu(y)`, 'multi-consumer'],
  [
    'batch norm reads the layer twice',
    'y = Conv(x, W)\nz = BatchNormalization(y, y, b, m, v)',
    'multi-consumer',
  ],
  ['the layer makes a graph output', `y: output\nz: output\ny = Conv(x, W)\n${BN}`, 'graph-output'],
  [
    'a branch reads the layer',
    `c: input bool\ny = Conv(x, W)\n${BN}
     q = If<then_branch = { t = Relu(y) }, else_branch = { e = Relu(x) }>(c)`,
    'multi-consumer',
  ],
  [
    'a branch within a branch reads the layer',
    `c: input bool\ny = Conv(x, W)\n${BN}
     q = If<then_branch = { t = If<then_branch = { u = Relu(y) }, else_branch = { w = Relu(x) }>(c) },
            else_branch = { e = Relu(x) }>(c)`,
    'multi-consumer',
  ],
  [
    'the layer stands outside of the branch',
    `c: input bool\ny = Conv(x, W)
     q = If<then_branch = { ${BN} }, else_branch = { e = Relu(x) }>(c)`,
    'pattern',
  ],
  [
    'training_mode',
    `y = Conv(x, W)\nz = BatchNormalization<training_mode = 1>(y, g, b, m, v)`,
    'training-mode',
  ],
  [
    'is_test absent before opset 7',
    `<ir_version: 3, opset_import: ["": 6]>\ny = Conv(x, W)\n${BN}`,
    'training-mode',
  ],
  [
    'is_test 0 before opset 7',
    `<ir_version: 3, opset_import: ["": 6]>\ny = Conv(x, W)
     z = BatchNormalization<is_test = 0>(y, g, b, m, v)`,
    'training-mode',
  ],
  [
    'spatial 0, although the statistics are [C]',
    `<ir_version: 4, opset_import: ["": 8]>\ny = Conv(x, W)
     z = BatchNormalization<spatial = 0>(y, g, b, m, v)`,
    'opset',
  ],
  [
    'a further output',
    `y = Conv(x, W)\nz, rm, rv = BatchNormalization(y, g, b, m, v)`,
    'extra-outputs',
  ],
  [
    'an opset that is not known',
    `<ir_version: 8, opset_import: ["": 99]>\ny = Conv(x, W)\n${BN}`,
    'opset',
  ],
  ['an attribute that is not known', `y = Conv<hidden = 1>(x, W)\n${BN}`, 'attribute'],
  ['an auto_pad that is not known', `y = Conv<auto_pad = "SOME">(x, W)\n${BN}`, 'attribute'],
  [
    'a weight that is an input',
    `W: input float[4, 4, 3, 3]\ny = Conv(x, W)\n${BN}`,
    'not-constant',
  ],
  ['a weight that is computed', `W = Relu(V)\ny = Conv(x, W)\n${BN}`, 'not-constant'],
  ['a bias that is computed', `b0 = Relu(V)\ny = Conv(x, W, b0)\n${BN}`, 'not-constant'],
  ['a statistic that is computed', `v = Abs(w)\ny = Conv(x, W)\n${BN}`, 'not-constant'],
  [
    'a weight that a caller may override',
    `W: input float[4, 4, 3, 3] = random(1)\ny = Conv(x, W)\n${BN}`,
    'overridable-input',
  ],
  [
    'a variance that a caller may override',
    `v: input float[4] = {1, 1, 1, 1}\ny = Conv(x, W)\n${BN}`,
    'overridable-input',
  ],
  ['quantisation between', `c = Conv(x, W)\ny = QuantizeLinear(c, s, p)\n${BN}`, 'quantized'],
  ['a dequantised input', `q = Cast<to = 3>(x)\ny = DequantizeLinear(q, s)\n${BN}`, 'quantized'],
  [
    'a dequantised factor that is rounded',
    `q: int8[4]\nt: float = {0.1}\ng = DequantizeLinear(q, t)\ny = Conv(x, W)\n${BN}`,
    'quantized',
  ],
  [
    'a dequantised factor of too many bits',
    `q: int32[4] = {1, 2, 3, 16777217}\nt: float = {1}\ng = DequantizeLinear(q, t)\ny = Conv(x, W)\n${BN}`,
    'quantized',
  ],
  [
    'a factor dequantised in blocks',
    `q: int8[4]\nt: float[2] = {1, 2}\ng = DequantizeLinear<axis = 0, block_size = 2>(q, t)\ny = Conv(x, W)\n${BN}`,
    'quantized',
  ],
  [
    'a dequantised weight, exact as it is',
    `W0: int8[4, 3, 1, 1]\nt: float = {0.5}\nW = DequantizeLinear(W0, t)\ny = Conv(x, W)\n${BN}`,
    'quantized',
  ],
  ['a dequantised weight', `W = DequantizeLinear(q, s)\ny = Conv(x, W)\n${BN}`, 'quantized'],
  [
    'float16 weights under float32 statistics',
    `W: float16[4, 4, 3, 3]\ny = Conv(x, W)\n${BN}`,
    'dtype',
  ],
  ['a mean of another type', `m: double[4]\ny = Conv(x, W)\n${BN}`, 'dtype'],
  [
    'integers',
    `W: int32[4, 4, 3, 3]\ng: int32[4]\nb: int32[4]\nm: int32[4]\nv: int32[4]\ny = Conv(x, W)\n${BN}`,
    'dtype',
  ],
  ['too many statistics', `g: float[5]\ny = Conv(x, W)\n${BN}`, 'shape'],
  ['statistics of rank 2', `g: float[4, 1]\ny = Conv(x, W)\n${BN}`, 'shape'],
  ['one statistic for all channels', `m: float[1]\ny = Conv(x, W)\n${BN}`, 'shape'],
  ['a bias of rank 2', `b0: float[1, 4]\nW: float[4, 4, 3, 3]\ny = Conv(x, W, b0)\n${BN}`, 'shape'],
  [
    'a bias of one number',
    `b0: float[1]\nW: float[4, 4, 3, 3]\ny = Conv(x, W, b0)\n${BN}`,
    'shape',
  ],
  [
    'a group that does not divide',
    `W: float[4, 2, 3, 3]\ny = Conv<group = 3>(x, W)\n${BN}`,
    'shape',
  ],
  ['group 0', `W: float[4, 2, 3, 3]\ny = Conv<group = 0>(x, W)\n${BN}`, 'shape'],
  [
    'no channels',
    `W: float[0, 4, 3, 3]\ng: float[0]\nb: float[0]\nm: float[0]\nv: float[0]\ny = Conv(x, W)\n${BN}`,
    'shape',
  ],
  [
    'a kernel_shape of another kernel',
    `W: float[4, 4, 3, 3]\ny = Conv<kernel_shape = [5, 5]>(x, W)\n${BN}`,
    'shape',
  ],
  ['pads for another rank', `y = Conv<pads = [1, 1]>(x, W)\n${BN}`, 'shape'],
  ['an input of another rank', `x: input float[1, 4, 8]\ny = Conv(x, W)\n${BN}`, 'shape'],
  [
    'an input of other channels',
    `x: input float[1, 5, 8, 8]\nW: float[4, 4, 3, 3]\ny = Conv(x, W)\n${BN}`,
    'shape',
  ],
  ['negative variance', `v: float[4] = {1, 1, -1, 1}\ny = Conv(x, W)\n${BN}`, 'non-finite'],
  ['NaN in the weight', `W: float[4, 4, 1, 1] = fill(nan)\ny = Conv(x, W)\n${BN}`, 'non-finite'],
  [
    'overflow',
    `W: float[4, 4, 1, 1] = fill(1e36)\ng: float[4] = fill(1e5)\ny = Conv(x, W)\n${BN}`,
    'non-finite',
  ],
  [
    'underflow',
    `W: float[4, 4, 1, 1] = fill(1e-25)\ng: float[4] = fill(1e-25)\ny = Conv(x, W)\n${BN}`,
    'precision-loss',
  ],
  ['a pinned weight', `W: pinned float[4, 4, 3, 3]\ny = Conv(x, W)\n${BN}`, 'pinned'],
  ['a pinned output of the layer', `y: pinned\ny = Conv(x, W)\n${BN}`, 'pinned'],
  ['a non-linear operator between', `c = Conv(x, W)\ny = Relu(c)\n${BN}`, 'pattern'],
  ['a Conv of a custom domain', `y = com.foo.Conv(x, W)\n${BN}`, 'custom-op'],
  [
    'a FusedConv with its activation',
    `y = com.microsoft.FusedConv<activation = "Relu">(x, W)\n${BN}`,
    'custom-op',
  ],
  [
    'a Conv that the model defines itself',
    `function Conv { o = Relu(i) }\nW: float[4, 4, 3, 3]\nx: input float[1, 4, 8, 8]\ny = Conv(x, W)\n${BN}`,
    'custom-op',
  ],
  [
    'a batch norm that the model defines itself',
    `function BatchNormalization { o = Relu(i) }\ng: float[4]\nb: float[4]\nm: float[4]\nv: float[4]
     y = Conv(x, W)\n${BN}`,
    'custom-op',
  ],
  ['no layer at all', 'z = BatchNormalization(x, g, b, m, v)', 'pattern'],

  [
    'a product of rank 3',
    `x: input float[1, 4, 4]\nW: float[4, 4]\ny = MatMul(x, W)\n${BN}`,
    'shape',
  ],
  ['a product of unknown rank', `x: input float\nW: float[4, 4]\ny = MatMul(x, W)\n${BN}`, 'shape'],
  [
    'a weight on the left',
    `W: float[4, 4]\nx: input float[4, 4]\ny = MatMul(W, x)\n${BN}`,
    'not-constant',
  ],
  [
    'a stack of weights',
    `x: input float[4, 4]\nW: float[2, 4, 4]\ny = MatMul(x, W)\n${BN}`,
    'shape',
  ],
  [
    'Gemm before it broadcast by itself',
    `<ir_version: 3, opset_import: ["": 6]>\nc: float[4]\ny = Gemm<broadcast = 1>(x, W, c)
     z = BatchNormalization<is_test = 1>(y, g, b, m, v)`,
    'opset',
  ],
  ['a C that does not broadcast', `c: float[3]\nW: float[4, 4]\ny = Gemm(x, W, c)\n${BN}`, 'shape'],

  ['a residual sum', 'y = Conv(x, W)\nz = Add(y, x)', undefined],
  ['two layers', 'y = Conv(x, W)\nu = Conv(x, V)\nz = Add(y, u)', undefined],
  ['a constant per column', 'c: float[4]\ny = Conv(x, W)\nz = Add(y, c)', 'broadcast'],
  ['a constant per row and column', 'c: float[6, 6]\ny = Conv(x, W)\nz = Mul(y, c)', 'broadcast'],
  ['a full constant', 'c: float[1, 4, 6, 6]\ny = Conv(x, W)\nz = Mul(y, c)', 'broadcast'],
  [
    'a constant that enlarges the batch',
    'c: float[3, 1, 1, 1]\ny = Conv(x, W)\nz = Add(y, c)',
    'broadcast',
  ],
  [
    'a constant that adds an axis',
    'c: float[1, 1, 1, 1, 1]\ny = Conv(x, W)\nz = Add(y, c)',
    'broadcast',
  ],
  [
    'a constant of other channels',
    'c: float[5, 1, 1]\nW: float[1, 4, 3, 3]\ny = Conv(x, W)\nz = Add(y, c)',
    'broadcast',
  ],
  ['an empty constant', 'c: float[0]\ny = Conv(x, W)\nz = Add(y, c)', 'broadcast'],
  [
    'a constant that a caller may override',
    'c: input float[4, 1, 1] = fill(2)\ny = Conv(x, W)\nz = Mul(y, c)',
    'overridable-input',
  ],
  ['division by the layer', 'c: float[4, 1, 1]\ny = Conv(x, W)\nz = Div(c, y)', 'pattern'],
  [
    'division by 0',
    'c: float[4, 1, 1] = {1, 0, 2, 3}\ny = Conv(x, W)\nz = Div(y, c)',
    'non-finite',
  ],
  [
    'a sum with a MatMul of unknown rank',
    'x: input float\nW: float[4, 4]\nc: float[4]\ny = MatMul(x, W)\nz = Add(y, c)',
    'shape',
  ],
  [
    'a sum with a MatMul of rank 3',
    'x: input float[2, 3, 5]\nW: float[5, 4]\nc: float[4]\ny = MatMul(x, W)\nz = Add(y, c)',
    'shape',
  ],
  [
    'a sum of a MatMul with another row for each',
    'x: input float[2, 5]\nW: float[5, 4]\nc: float[2, 4]\ny = MatMul(x, W)\nz = Add(y, c)',
    'broadcast',
  ],
  [
    'a MatMul of rank 3 without an Add, behind a Transpose',
    `x: input float[2, 7, 5]\nW: float[5, 4]\ny0 = MatMul(x, W)\ny = Transpose<perm = [0, 2, 1]>(y0)\n${BN}`,
    'shape',
  ],
  [
    'a MatMul of rank 3 and an Add of a number per row',
    `x: input float[2, 4, 5]\nW: float[5, 4]\nc: float[4, 1]\ny0 = MatMul(x, W)\ny1 = Add(y0, c)\ny = Transpose<perm = [0, 2, 1]>(y1)\n${BN}`,
    'broadcast',
  ],
  [
    'a MatMul of rank 3 and its Add, which others read',
    `x: input float[2, 4, 5]\nW: float[5, 4]\nc: float[4]\ny0 = MatMul(x, W)\ny1 = Add(y0, c)\ny = Transpose<perm = [0, 2, 1]>(y1)\nq = Relu(y1)\n${BN}`,
    'multi-consumer',
  ],
  [
    'a MatMul of rank 3 and its Add, whose columns stay last',
    `x: input float[2, 4, 5]\nW: float[5, 4]\nc: float[4]\ny0 = MatMul(x, W)\ny = Add(y0, c)\n${BN}`,
    'shape',
  ],
  [
    'a MatMul of rank 3 and a constant that is fed',
    `x: input float[2, 4, 5]\nW: float[5, 4]\nc: input float[4]\ny0 = MatMul(x, W)\ny1 = Add(y0, c)\ny = Transpose<perm = [0, 2, 1]>(y1)\n${BN}`,
    'pattern',
  ],
  [
    'an Unsqueeze in front of the columns',
    `x: input float[2, 5]\nW: float[5, 4]\na: int64[1] = {1}\ny0 = Gemm(x, W)\ny = Unsqueeze(y0, a)\n${BN}`,
    'shape',
  ],
  [
    'an Unsqueeze of axes that are fed',
    `x: input float[2, 5]\na: input int64[1]\nW: float[5, 4]\ny0 = Gemm(x, W)\ny = Unsqueeze(y0, a)\n${BN}`,
    'shape',
  ],
  [
    'a MatMul whose rank grows',
    'x: input float\nW: float[4, 4]\nc: float[1, 4]\ny = MatMul(x, W)\nz = Mul(y, c)',
    'broadcast',
  ],
  [
    'a sum of two computed values',
    'c: float[4, 1, 1]\ny = Conv(x, W)\nz = Sum(y, c, y)',
    undefined,
  ],
  [
    'a sum with one constant per channel, and one per column',
    'c: float[4, 1, 1]\nd: float[6]\ny = Conv(x, W)\nz = Sum(y, c, d)',
    'broadcast',
  ],
  [
    'a Neg of a layer that others read',
    'y = Conv(x, W)\nz = Neg(y)\nq = Relu(y)',
    'multi-consumer',
  ],
  [
    'a Neg that may overwrite its input',
    '<ir_version: 3, opset_import: ["": 1]>\ny = Conv(x, W)\nz = Neg(y)',
    'opset',
  ],
  [
    'arithmetic that broadcasts by attributes',
    '<ir_version: 3, opset_import: ["": 6]>\nc: float[4]\ny = Conv(x, W)\nz = Add<axis = 1, broadcast = 1>(y, c)',
    'opset',
  ],

  [
    'an Identity from input to output',
    'x: input float[1]\ny: output\ny = Identity(x)',
    'graph-output',
  ],
  [
    'an Identity between two outputs',
    'y: output\nz: output\ny = Relu(x)\nz = Identity(y)',
    'graph-output',
  ],
  ['a pinned Identity', 'y: pinned\ny = Identity(x)\nz = Relu(y)', 'pinned'],
];
