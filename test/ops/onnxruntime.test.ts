// Operators against onnxruntime, optimisation off, on seeded random shapes and attributes.
// Tolerance: 1e-5 absolute and relative, for values of a few units summed in float32 on its side.

import type { Random } from '#convfuse/tensor/random.js';
import { float, type AttributeSpec } from '../helpers/model-builder.js';
import {
  checkAgainstOnnxruntime as check,
  dims,
  floats,
  pick,
  type Attributes,
  type Constant,
} from '../helpers/onnxruntime.js';

/** Window attributes over some spatial axes, with pads below the kernel. */
function window(r: Random, rank: number, dilated: boolean): Record<string, AttributeSpec> {
  const kernel = dims(r, rank, 1, 3);
  const attributes: Record<string, AttributeSpec> = {
    kernel_shape: kernel,
    strides: dims(r, rank, 1, 3),
  };
  if (dilated) attributes['dilations'] = dims(r, rank, 1, 2);
  const padding = r.integer(0, 3);
  if (padding === 0) {
    attributes['auto_pad'] = pick(r, ['SAME_UPPER', 'SAME_LOWER', 'VALID']);
    // Where a stride passes over elements, onnxruntime's pools crop the input, as if by negative
    // pads; its convolutions, like TensorFlow's, do not.
    attributes['strides'] = kernel.map((size) => r.integer(1, size));
  }
  if (padding === 1) {
    const pads = (): number[] => kernel.map((size) => r.integer(0, size - 1));
    attributes['pads'] = [...pads(), ...pads()];
  }
  return attributes;
}

check('Conv', 40, (r) => {
  const rank = r.integer(1, 3);
  const [groups, c, m] = [r.integer(1, 2), r.integer(1, 3), r.integer(1, 3)];
  const attributes: Record<string, AttributeSpec> = { ...window(r, rank, true), group: groups };
  // onnxruntime computes SAME pads without regard to dilations: not what ONNX says.
  if ('auto_pad' in attributes) attributes['dilations'] = dims(r, rank, 1, 1);
  const kernel = attributes['kernel_shape'] as number[];
  return {
    op: 'Conv',
    opset: 13,
    x: [r.integer(1, 2), c * groups, ...dims(r, rank, 5, 9)],
    attributes,
    more: [
      floats(r, m * groups, c, ...kernel),
      ...(r.integer(0, 1) ? [floats(r, m * groups)] : []),
    ],
  };
});

check('ConvTranspose', 40, (r) => {
  const rank = r.integer(1, 2);
  const [groups, c, m] = [r.integer(1, 2), r.integer(1, 3), r.integer(1, 3)];
  const attributes: Record<string, AttributeSpec> = { ...window(r, rank, true), group: groups };
  delete attributes['auto_pad'];
  const strides = attributes['strides'] as number[];
  if (r.integer(0, 2) === 0) attributes['output_padding'] = strides.map((s) => r.integer(0, s - 1));
  const kernel = attributes['kernel_shape'] as number[];
  return {
    op: 'ConvTranspose',
    opset: 11,
    x: [r.integer(1, 2), c * groups, ...dims(r, rank, 3, 6)],
    attributes,
    more: [floats(r, c * groups, m, ...kernel)],
  };
});

check('MaxPool', 60, (r) => {
  const rank = r.integer(1, 3);
  const attributes: Record<string, AttributeSpec> = {
    ...window(r, rank, true),
    ceil_mode: r.integer(0, 1),
  };
  if ('auto_pad' in attributes) attributes['dilations'] = dims(r, rank, 1, 1);
  return {
    op: 'MaxPool',
    opset: 12,
    x: [1, 2, ...dims(r, rank, 5, 9)],
    attributes,
    outputs: r.integer(1, 2),
  };
});

check('AveragePool', 60, (r) => {
  const rank = r.integer(1, 3);
  const attributes = { ...window(r, rank, false), count_include_pad: r.integer(0, 1) };
  const ceil = 'auto_pad' in attributes ? {} : { ceil_mode: r.integer(0, 1) };
  return {
    op: 'AveragePool',
    opset: 19,
    x: [1, 2, ...dims(r, rank, 5, 9)],
    attributes: { ...attributes, ...ceil },
  };
});

check('Resize', 80, (r) => {
  const mode = pick(r, ['nearest', 'linear', 'cubic']);
  const x = [1, 2, ...dims(r, 2, 2, 6)];
  const sizes = [1, 2, ...dims(r, 2, 2, 9)];
  const by = r.integer(0, 1);
  const scales = Float32Array.from([1, 1, pick(r, [0.5, 0.7, 1.5, 2]), pick(r, [0.6, 1, 2, 3])]);
  const places = ['half_pixel', 'pytorch_half_pixel', 'asymmetric', 'align_corners'];
  return {
    op: 'Resize',
    opset: 13,
    x,
    attributes: {
      mode,
      coordinate_transformation_mode: pick(r, places),
      nearest_mode: pick(r, ['floor', 'ceil', 'round_prefer_floor', 'round_prefer_ceil']),
      ...(mode === 'cubic' ? { exclude_outside: r.integer(0, 1) } : {}),
    },
    more: [
      undefined,
      by === 0 ? { dims: [4], data: scales } : undefined,
      ...(by === 0 ? [] : [{ dims: [4], data: sizes }]),
    ],
  };
});

check('Pad', 40, (r) => {
  const rank = r.integer(1, 4);
  const mode = pick(r, ['constant', 'edge', 'reflect']);
  const pads = dims(r, 2 * rank, mode === 'constant' ? -1 : 0, 2);
  return {
    op: 'Pad',
    opset: 13,
    x: dims(r, rank, 3, 5),
    attributes: { mode },
    more: [{ dims: [2 * rank], data: pads }, ...(mode === 'constant' ? [floats(r)] : [])],
  };
});

check('Slice', 60, (r) => {
  const rank = r.integer(1, 3);
  const axes = [0, 1, 2].slice(0, rank).filter(() => r.integer(0, 2) > 0);
  if (axes.length === 0) axes.push(0);
  const list = (low: number, high: number): Constant => ({
    dims: [axes.length],
    data: dims(r, axes.length, low, high),
  });
  const steps = axes.map(() => pick(r, [-2, -1, 1, 2, 3]));
  return {
    op: 'Slice',
    opset: 13,
    x: dims(r, rank, 2, 6),
    more: [
      list(-8, 8),
      list(-8, 8),
      { dims: [axes.length], data: axes },
      { dims: [axes.length], data: steps },
    ],
  };
});

check('reductions', 60, (r) => {
  const rank = r.integer(1, 4);
  const axes = dims(r, r.integer(1, rank), -rank, rank - 1);
  const unique = [...new Set(axes.map((axis) => (axis + rank) % rank))];
  const op = pick(r, [
    'ReduceMean',
    'ReduceMax',
    'ReduceMin',
    'ReduceL1',
    'ReduceL2',
    'ReduceLogSumExp',
  ]);
  const attributes = { axes: unique, keepdims: r.integer(0, 1) };
  return { op, opset: 13, x: dims(r, rank, 1, 4), attributes };
});

check('softmaxes, both semantics', 40, (r) => {
  const rank = r.integer(1, 4);
  return {
    op: pick(r, ['Softmax', 'LogSoftmax', 'Hardmax']),
    opset: pick(r, [11, 13]),
    x: dims(r, rank, 1, 4),
    attributes: { axis: r.integer(-rank, rank - 1) },
  };
});

check('ArgMax, TopK, Split, Gather', 60, (r) => {
  const rank = r.integer(1, 3);
  const x = dims(r, rank, 2, 5);
  const axis = r.integer(0, rank - 1);
  switch (r.integer(0, 3)) {
    case 0:
      return {
        op: pick(r, ['ArgMax', 'ArgMin']),
        opset: 13,
        x,
        attributes: { axis, keepdims: r.integer(0, 1), select_last_index: r.integer(0, 1) },
      };
    case 1:
      return {
        op: 'TopK',
        opset: 11,
        x,
        attributes: { axis, largest: r.integer(0, 1) },
        more: [{ dims: [1], data: [r.integer(1, x[axis]!)] }],
        outputs: 2,
      };
    case 2: {
      const first = r.integer(0, x[axis]!);
      const sizes = { dims: [2], data: [first, x[axis]! - first] };
      return { op: 'Split', opset: 13, x, attributes: { axis }, more: [sizes], outputs: 2 };
    }
    default: {
      const shape = dims(r, r.integer(0, 2), 1, 3);
      const count = shape.reduce((product, size) => product * size, 1);
      const data = dims(r, count, -x[axis]!, x[axis]! - 1);
      return { op: 'Gather', opset: 13, x, attributes: { axis }, more: [{ dims: shape, data }] };
    }
  }
});

check('arithmetic, broadcast', 60, (r) => {
  const x = dims(r, r.integer(0, 4), 1, 4);
  const other = x.slice(r.integer(0, x.length)).map((size) => (r.integer(0, 1) ? size : 1));
  return {
    op: pick(r, ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'PRelu']),
    opset: 13,
    x: x.map((size) => size),
    more: [floats(r, ...other)],
  };
});

check('products', 40, (r) => {
  if (r.integer(0, 1) === 0) {
    const [m, n, k] = dims(r, 3) as [number, number, number];
    const [transA, transB] = [r.integer(0, 1), r.integer(0, 1)];
    const attributes = { transA, transB, alpha: float(0.5), beta: float(2) };
    const c = pick(r, [[], [n], [1, n], [m, 1], [m, n]]);
    const b = floats(r, ...(transB ? [n, k] : [k, n]));
    return {
      op: 'Gemm',
      opset: 13,
      x: transA ? [k, m] : [m, k],
      attributes,
      more: [b, floats(r, ...c)],
    };
  }
  const k = r.integer(1, 5);
  const stack = dims(r, r.integer(0, 2), 1, 3);
  const own = stack.map((size) => (r.integer(0, 1) ? size : 1));
  return {
    op: 'MatMul',
    opset: 13,
    x: [...stack, r.integer(1, 4), k],
    more: [floats(r, ...own, k, r.integer(1, 4))],
  };
});

check('normalisations', 40, (r) => {
  const c = r.integer(1, 5);
  const x = [r.integer(1, 2), c, ...dims(r, r.integer(1, 2), 2, 5)];
  switch (r.integer(0, 3)) {
    case 0:
      return {
        op: 'LRN',
        opset: 13,
        x: [...x, 2].slice(0, 4),
        attributes: { size: pick(r, [1, 3, 5]), alpha: float(0.5), beta: float(0.75) },
      };
    case 1:
      return { op: 'InstanceNormalization', opset: 6, x, more: [floats(r, c), floats(r, c)] };
    case 2:
      return {
        op: 'BatchNormalization',
        opset: 15,
        x,
        more: [
          floats(r, c),
          floats(r, c),
          floats(r, c),
          { dims: [c], data: r.normals(c).map((value) => value * value + 0.1) },
        ],
      };
    default: {
      const axis = r.integer(1, x.length - 1);
      const shape = x.slice(axis);
      const more = [floats(r, ...shape), floats(r, ...shape)];
      return { op: 'LayerNormalization', opset: 17, x, attributes: { axis }, more };
    }
  }
});

check('functions of one number', 60, (r) => {
  const plain = [
    'Relu',
    'Sigmoid',
    'Tanh',
    'Softplus',
    'Softsign',
    'Erf',
    'Exp',
    'Abs',
    'HardSwish',
  ];
  const parameters: Record<string, Attributes> = {
    LeakyRelu: { alpha: float(0.3) },
    Elu: { alpha: float(1.5) },
    Selu: {},
    HardSigmoid: { alpha: float(0.3), beta: float(0.4) },
    ThresholdedRelu: { alpha: float(0.5) },
    Shrink: { lambd: float(0.4), bias: float(0.2) },
    Celu: { alpha: float(0.7) },
    Mish: {},
    Gelu: { approximate: pick(r, ['none', 'tanh']) },
  };
  const op = pick(r, [...plain, ...Object.keys(parameters)]);
  return { op, opset: 20, x: dims(r, 2, 1, 8), attributes: parameters[op] ?? {} };
});
