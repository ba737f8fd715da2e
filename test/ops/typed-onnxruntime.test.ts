// Operators of all element types against onnxruntime, optimisation off, on seeded random shapes, and
// exact but for Det: elements are moved, or are whole numbers and halves that float32 adds up exactly.

import type { DataType } from '#convfuse/tensor/dtype.js';
import type { Random } from '#convfuse/tensor/random.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { dims, pick } from '../helpers/onnxruntime.js';
import { checkTyped as check, typedTensor } from '../helpers/typed-node.js';
import { tensorOf } from '../helpers/run-text.js';

const WHOLE = ['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64'] as const;
const ALL: readonly DataType[] = ['float32', 'float64', 'float16', 'bool', ...WHOLE];
const COMMON: readonly DataType[] = ['float32', 'float64', 'int32', 'int64'];

/** Of small numbers that the type has. */
function random(r: Random, type: DataType, shape: readonly number[]): Tensor {
  const low = type === 'bool' || type.startsWith('uint') ? 0 : -5;
  return typedTensor(r, type, shape, low, type === 'bool' ? 1 : 5);
}

function indices(r: Random, shape: readonly number[], size: number): Tensor {
  return typedTensor(r, pick(r, ['int64', 'int32']), shape, -size, size - 1);
}

const scalar = (value: number, type: DataType = 'int64'): Tensor => tensorOf([], [value], type);

check('GatherElements', 60, (r) => {
  const x = dims(r, r.integer(1, 4), 1, 4);
  const axis = r.integer(0, x.length - 1);
  const shape = x.map((size, at) => (at === axis ? r.integer(0, 5) : r.integer(1, size)));
  return {
    op: 'GatherElements',
    opset: pick(r, [11, 13]),
    inputs: [random(r, pick(r, ALL), x), indices(r, shape, x[axis]!)],
    attributes: { axis: pick(r, [axis, axis - x.length]) },
  };
});

/** Tuples of `width` indices into the axes of x from `batch` on. */
function tuples(r: Random, x: readonly number[], rows: readonly number[], batch: number): Tensor {
  const width = r.integer(1, x.length - batch);
  const values = Array.from({ length: elementCount(rows) }, () =>
    x.slice(batch, batch + width).map((size) => r.integer(-size, size - 1)),
  );
  return tensorOf([...rows, width], values.flat(), 'int64');
}

check('GatherND', 80, (r) => {
  const x = dims(r, r.integer(1, 4), 1, 4);
  const batch = r.integer(0, Math.min(2, x.length - 1));
  const rows = [...x.slice(0, batch), ...dims(r, r.integer(0, 2), 0, 3)];
  return {
    op: 'GatherND',
    opset: pick(r, [12, 13]),
    inputs: [random(r, pick(r, ALL), x), tuples(r, x, rows, batch)],
    attributes: { batch_dims: batch },
  };
});

check('Scatter and ScatterElements', 80, (r) => {
  const x = dims(r, r.integer(1, 3), 1, 4);
  const axis = r.integer(0, x.length - 1);
  const shape = x.map((size) => r.integer(1, size));
  const opset = pick(r, [9, 11, 13, 16, 18]);
  const reductions = opset < 18 ? ['none', 'add', 'mul'] : ['none', 'add', 'mul', 'max', 'min'];
  const type = pick(r, ALL);
  return {
    op: opset < 11 ? 'Scatter' : 'ScatterElements',
    opset,
    inputs: [random(r, type, x), indices(r, shape, x[axis]!), random(r, type, shape)],
    attributes: {
      axis: pick(r, [axis, axis - x.length]),
      ...(opset < 16 ? {} : { reduction: pick(r, reductions) }),
    },
  };
});

check('ScatterND', 80, (r) => {
  const x = dims(r, r.integer(1, 4), 1, 4);
  const rows = dims(r, r.integer(0, 2), 0, 3);
  const places = tuples(r, x, rows, 0);
  const opset = pick(r, [11, 13, 16, 18]);
  const reductions = opset < 18 ? ['none', 'add', 'mul'] : ['none', 'add', 'mul', 'max', 'min'];
  const type = pick(r, ALL);
  const updates = random(r, type, [...rows, ...x.slice(places.dims.at(-1))]);
  return {
    op: 'ScatterND',
    opset,
    inputs: [random(r, type, x), places, updates],
    attributes: opset < 16 ? {} : { reduction: pick(r, reductions) },
  };
});

/** Types that onnxruntime has NonZero for. */
const NON_ZERO = ['float32', 'bool', 'uint8', 'int32', 'int64'] as const;

check('NonZero', 40, (r) => ({
  op: 'NonZero',
  opset: pick(r, [9, 13]),
  inputs: [typedTensor(r, pick(r, NON_ZERO), dims(r, r.integer(1, 4), 0, 4), 0, 1)],
  outputs: ['int64'],
}));

/** Types of indices, depth and values that onnxruntime has OneHot for. */
const ONE_HOT: readonly (readonly [DataType, DataType, DataType])[] = [
  ['int64', 'int64', 'int64'],
  ['int64', 'int64', 'float32'],
  ['int32', 'int32', 'float32'],
  ['int64', 'float32', 'int32'],
  ['float32', 'float32', 'float32'],
];

check('OneHot', 60, (r) => {
  const shape = dims(r, r.integer(0, 3), 1, 4);
  const depth = r.integer(1, 4);
  const opset = pick(r, [9, 11]);
  const [from, sized, to] = pick(r, ONE_HOT);
  // Negative indices of opset 9 are outside, and fractions are cut off from all: not so there.
  const low = opset < 11 ? 0 : -depth - 1;
  const whole = Array.from({ length: elementCount(shape) }, () => r.integer(low, depth + 1));
  return {
    op: 'OneHot',
    opset,
    inputs: [tensorOf(shape, whole, from), scalar(depth, sized), random(r, to, [2])],
    attributes: { axis: r.integer(-shape.length - 1, shape.length) },
    outputs: [to],
  };
});

check('CumSum', 60, (r) => {
  const x = dims(r, r.integer(1, 4), 0, 4);
  return {
    op: 'CumSum',
    opset: pick(r, [11, 14]),
    inputs: [
      random(r, pick(r, COMMON), x),
      scalar(r.integer(-x.length, x.length - 1), pick(r, ['int32', 'int64'])),
    ],
    attributes: { exclusive: r.integer(0, 1), reverse: r.integer(0, 1) },
  };
});

check('IsNaN and IsInf', 40, (r) => {
  const op = pick(r, ['IsNaN', 'IsInf']);
  const type = pick(r, ['float32', 'float64'] as const);
  const x = random(r, type, dims(r, r.integer(0, 3), 0, 4));
  const values = Array.from(x.data as Float32Array, (value) =>
    pick(r, [NaN, Infinity, -Infinity, value]),
  );
  const detect = { detect_negative: r.integer(0, 1), detect_positive: r.integer(0, 1) };
  return {
    op,
    opset: pick(r, [13, 20]),
    inputs: [tensorOf(x.dims, values, type)],
    attributes: op === 'IsInf' ? detect : {},
    outputs: ['bool'],
  };
});

check('Trilu', 60, (r) => ({
  op: 'Trilu',
  opset: 14,
  inputs: [
    random(r, pick(r, COMMON), dims(r, r.integer(2, 4), 0, 5)),
    r.integer(0, 3) === 0 ? undefined : scalar(r.integer(-6, 6)),
  ],
  attributes: { upper: r.integer(0, 1) },
}));

check('EyeLike', 40, (r) => {
  const codes: Partial<Record<DataType, number>> = { float32: 1, int32: 6, int64: 7, float64: 11 };
  const [from, to] = [pick(r, COMMON), pick(r, COMMON)];
  const given = r.integer(0, 1) === 1;
  return {
    op: 'EyeLike',
    opset: pick(r, [9, 22]),
    inputs: [random(r, from, dims(r, 2, 0, 5))],
    attributes: { k: r.integer(-5, 5), ...(given ? { dtype: codes[to]! } : {}) },
    outputs: [given ? to : from],
  };
});

check('Einsum of random terms', 100, (r) => {
  const letters = [...'abcd'].slice(0, r.integer(1, 4));
  const sizes = Object.fromEntries(letters.map((letter) => [letter, r.integer(1, 4)]));
  const dots = r.integer(0, 2) === 0 ? dims(r, r.integer(0, 2), 1, 3) : undefined;
  const terms = Array.from({ length: r.integer(1, 3) }, () => {
    const own = letters.filter(() => r.integer(0, 2) > 0);
    if (r.integer(0, 4) === 0) own.push(pick(r, letters));
    return dots !== undefined && r.integer(0, 2) > 0 ? ['...', ...own] : own;
  });
  const used = [...new Set(terms.flat().filter((label) => label !== '...'))];
  const result = used.filter(() => r.integer(0, 1) > 0).sort(() => r.integer(0, 1) - 0.5);
  const output = `${terms.some(([first]) => first === '...') ? '...' : ''}${result.join('')}`;
  const left = terms.map((term) => term.join('')).join(', ');
  const type = pick(r, COMMON);
  return {
    op: 'Einsum',
    opset: 12,
    inputs: terms.map((term) => {
      const shape = term.flatMap((label) => (label === '...' ? dots! : [sizes[label]!]));
      return random(r, type, shape);
    }),
    attributes: { equation: r.integer(0, 2) === 0 ? left : `${left} -> ${output}` },
  };
});

check('bitwise operators', 60, (r) => {
  const x = dims(r, r.integer(0, 3), 1, 3);
  const other = x.slice(r.integer(0, x.length)).map((size) => (r.integer(0, 1) ? size : 1));
  const op = pick(r, ['BitShift', 'BitwiseAnd', 'BitwiseOr', 'BitwiseXor', 'BitwiseNot']);
  const type = pick(r, op === 'BitShift' ? WHOLE.filter((name) => name[0] === 'u') : WHOLE);
  const low = type.startsWith('uint') ? 0 : -128;
  const left = typedTensor(r, type, x, low, 127);
  const right = typedTensor(
    r,
    type,
    other,
    op === 'BitShift' ? 0 : low,
    op === 'BitShift' ? 7 : 127,
  );
  return {
    op,
    opset: 18,
    inputs: op === 'BitwiseNot' ? [left] : [left, right],
    attributes: op === 'BitShift' ? { direction: pick(r, ['LEFT', 'RIGHT']) } : {},
  };
});

check('Compress', 60, (r) => {
  const x = dims(r, r.integer(1, 3), 1, 4);
  const axis = r.integer(-x.length - 1, x.length - 1);
  const flat = axis < -x.length;
  const size = flat ? elementCount(x) : x.at(axis)!;
  return {
    op: 'Compress',
    opset: pick(r, [9, 11]),
    inputs: [random(r, pick(r, ALL), x), random(r, 'bool', [r.integer(0, size)])],
    attributes: flat ? {} : { axis },
  };
});

check('ReverseSequence', 40, (r) => {
  const x = dims(r, r.integer(2, 4), 1, 4);
  const time = r.integer(0, 1);
  return {
    op: 'ReverseSequence',
    opset: 10,
    inputs: [random(r, pick(r, ALL), x), typedTensor(r, 'int64', [x[1 - time]!], 0, x[time]!)],
    attributes: { time_axis: time, batch_axis: 1 - time },
  };
});

check('Unique', 60, (r) => {
  const x = dims(r, r.integer(0, 3), 1, 4);
  const axis = r.integer(-x.length, x.length - 1);
  const type = pick(r, ['float32', 'float64', 'int64', 'int8'] as const);
  const flat = r.integer(0, 1) === 0 || x.length === 0;
  return {
    op: 'Unique',
    opset: 11,
    inputs: [typedTensor(r, type, x, 0, 1)],
    attributes: { sorted: r.integer(0, 1), ...(flat ? {} : { axis }) },
    outputs: [type, 'int64', 'int64', 'int64'],
  };
});

check('CenterCropPad', 40, (r) => {
  const x = dims(r, r.integer(1, 4), 1, 6);
  const axes = x.map((_, axis) => axis).filter(() => r.integer(0, 2) > 0);
  const all = axes.length === x.length && r.integer(0, 1) === 0;
  const sizes = dims(r, axes.length, 0, 7);
  const spelled = axes.map((axis) => (r.integer(0, 1) ? axis : axis - x.length));
  return {
    op: 'CenterCropPad',
    opset: 18,
    inputs: [random(r, pick(r, COMMON), x), tensorOf([axes.length], sizes, 'int64')],
    attributes: all ? {} : { axes: spelled },
  };
});

// No row has to be exchanged in a matrix whose diagonal outweighs the rest, and no difference cancels:
// onnxruntime's n^3 operations in float32 each lose half a unit in the last place, or twice that.
check('Det', 40, (r) => {
  const n = r.integer(1, 5);
  const x = random(r, 'float32', [...dims(r, r.integer(0, 2), 0, 3), n, n]);
  const values = Array.from(x.data as Float32Array, (value, at) => {
    const [row, column] = [Math.floor(at / n) % n, at % n];
    return row === column ? value + 10 * n : value;
  });
  return {
    op: 'Det',
    opset: 11,
    inputs: [tensorOf(x.dims, values)],
    tolerance: 2 * n ** 3 * 2 ** -24,
  };
});
