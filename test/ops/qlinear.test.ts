import test from 'ava';

import type { Random } from '#convfuse/tensor/random.js';
import type { DataType } from '#convfuse/tensor/dtype.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { verdict } from '../helpers/judge.js';
import { feedsOf, oneNodeModel, type OneNode } from '../helpers/one-node.js';
import { dims, pick } from '../helpers/onnxruntime.js';
import { checkCases, wholes } from '../helpers/onnxruntime-cases.js';
import { runAll, runText, tensorOf } from '../helpers/run-text.js';

const BYTES = ['int8', 'uint8'] as const;

function bytes(r: Random, type: DataType, ...shape: number[]): Tensor {
  return type === 'int8' ? wholes(r, type, shape, -128, 127) : wholes(r, type, shape, 0, 255);
}

/**
 * Without VNNI, onnxruntime adds products of uint8 and int8 in pairs of 16 bits, which saturate: it
 * is no judge of weights of more than 7 bits.
 */
async function judgeSaturates(): Promise<boolean> {
  const a = tensorOf([1, 4], new Array<number>(4).fill(255), 'uint8');
  const b = tensorOf([4, 1], new Array<number>(4).fill(127), 'int8');
  const spec: OneNode = { op: 'MatMulInteger', opset: 10, inputs: [a, b], outputs: ['int32'] };
  const wanted = await verdict(oneNodeModel(spec, true), feedsOf(spec));
  if (typeof wanted === 'string') throw new Error(wanted);
  return Object.values(wanted)[0]!.data[0] !== 4 * 255 * 127;
}

const saturates = await judgeSaturates();
if (saturates) console.log('skipped: int8 weights of 8 bits: onnxruntime saturates on this CPU');

/** The second operand of products. */
function weights(r: Random, type: DataType, ...shape: number[]): Tensor {
  return saturates && type === 'int8' ? wholes(r, type, shape, -64, 63) : bytes(r, type, ...shape);
}

function scales(r: Random, shape: readonly number[], unit: number): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return tensorOf(
    shape,
    Array.from({ length: count }, () => unit * (0.5 + r.uniform())),
  );
}

checkCases('QLinearConv', 80, (r) => {
  const rank = r.integer(1, 3);
  const [groups, c, m] = [r.integer(1, 2), pick(r, [1, 2, 3, 40]), r.integer(1, 3)];
  const kernel = dims(r, rank, 1, 3);
  const [xType, wType] = pick(r, [
    ['uint8', 'uint8'],
    ['uint8', 'int8'],
    ['int8', 'int8'],
  ] as const);
  const own = r.integer(0, 1) ? [m * groups] : [];
  const zero =
    wType === 'int8' ? tensorOf(own, new Array<number>(9).fill(0), 'int8') : bytes(r, 'uint8');
  return {
    op: 'QLinearConv',
    opset: 10,
    attributes: {
      strides: dims(r, rank, 1, 2),
      dilations: dims(r, rank, 1, 2),
      pads: dims(r, 2 * rank, 0, 1),
      group: groups,
    },
    inputs: [
      bytes(r, xType, r.integer(1, 2), c * groups, ...dims(r, rank, 5, 8)),
      ...[scales(r, [], 0.02), bytes(r, xType)],
      weights(r, wType, m * groups, c, ...kernel),
      ...[scales(r, wType === 'int8' ? own : [], 0.02), zero],
      ...[scales(r, [], c), bytes(r, xType)],
      r.integer(0, 1) ? wholes(r, 'int32', [m * groups], -9999, 9999) : undefined,
    ],
    constant: pick(r, [1, 9]),
    outputs: [xType],
  };
});

checkCases('ConvInteger', 40, (r) => {
  const [groups, c, m] = [r.integer(1, 2), r.integer(1, 30), r.integer(1, 3)];
  return {
    op: 'ConvInteger',
    opset: 10,
    attributes: { pads: dims(r, 4, 0, 2), group: groups },
    inputs: [
      bytes(r, 'uint8', r.integer(1, 2), c * groups, ...dims(r, 2, 5, 8)),
      bytes(r, 'uint8', m * groups, c, ...dims(r, 2, 1, 3)),
      r.integer(0, 1) ? bytes(r, 'uint8') : undefined,
      r.integer(0, 1) ? bytes(r, 'uint8') : undefined,
    ],
    constant: pick(r, [1, 9]),
    outputs: ['int32'],
  };
});

function stacks(r: Random): readonly [readonly number[], readonly number[], number] {
  const [m, k, n] = [r.integer(1, 4), pick(r, [1, 3, 400]), r.integer(1, 5)];
  const stack = dims(r, r.integer(0, 2), 1, 3);
  const own = r.integer(0, 1) ? [] : stack.map((size) => (r.integer(0, 1) ? size : 1));
  return [[...stack, m, k], [...own, k, n], n];
}

checkCases('QLinearMatMul', 60, (r) => {
  const [a, b, n] = stacks(r);
  const [aType, bType] = [pick(r, BYTES), pick(r, BYTES)];
  const own = b.length === 2 && r.integer(0, 1) ? [n] : [];
  return {
    op: 'QLinearMatMul',
    opset: pick(r, [10, 21]),
    inputs: [
      ...[bytes(r, aType, ...a), scales(r, [], 0.02), bytes(r, aType)],
      ...[weights(r, bType, ...b), scales(r, own, 0.02), bytes(r, bType, ...own)],
      ...[scales(r, [], 0.5), bytes(r, aType)],
    ],
    constant: pick(r, [3, 9]),
    outputs: [aType],
  };
});

checkCases('MatMulInteger', 60, (r) => {
  const [a, b, n] = stacks(r);
  const [aType, bType] = [pick(r, BYTES), pick(r, BYTES)];
  const own = b.length === 2 && r.integer(0, 1) ? [n] : [];
  return {
    op: 'MatMulInteger',
    opset: 10,
    inputs: [
      ...[bytes(r, aType, ...a), weights(r, bType, ...b)],
      r.integer(0, 1) ? bytes(r, aType) : undefined,
      r.integer(0, 1) ? bytes(r, bType, ...own) : undefined,
    ],
    outputs: ['int32'],
  };
});

checkCases('DynamicQuantizeLinear', 60, (r) => {
  const shape = dims(r, r.integer(0, 3), 1, 6);
  const [scale, shift] = [10 ** r.integer(-3, 3), pick(r, [0, 0, 1, -1, 5])];
  const count = shape.reduce((product, size) => product * size, 1);
  const values = Array.from({ length: count }, () => Math.fround(scale * (r.normal() + shift)));
  return {
    op: 'DynamicQuantizeLinear',
    opset: 11,
    inputs: [tensorOf(shape, values)],
    outputs: ['uint8', 'float32', 'uint8'],
  };
});

const byte = (values: readonly number[], ...shape: number[]): Tensor =>
  tensorOf(shape, values, 'uint8');
const one = tensorOf([], [1]);

test('a quantised convolution by hand: pads are zero points, ties go to even', (t) => {
  const feeds = {
    ...{ x: byte([3, 5, 9], 1, 1, 3), xs: tensorOf([], [0.5]), xz: byte([3]) },
    ...{ w: byte([11, 12], 1, 1, 2), ws: one, wz: byte([10]) },
    ...{ ys: one, yz: byte([4]), b: tensorOf([1], [1], 'int32') },
  };
  // x is 0, 2, 6 and w 1, 2: sums of 0, 4, 14, 6 and 1, halved.
  const inputs = 'x, xs, xz, w, ws, wz, ys, yz';
  const y = (tail: string): readonly number[] =>
    runText(`y = QLinearConv<pads = [1, 1]>(${inputs}${tail})`, feeds).values;
  t.deepEqual(y(', b'), [4, 6, 12, 8]);
  t.deepEqual(y(''), [4, 6, 11, 7]);
  const code = { code: 'ERR_MODEL' } as const;
  const long = { ...feeds, b: tensorOf([2], [1, 1], 'int32') };
  t.throws(() => runText(`y = QLinearConv<pads = [1, 1]>(${inputs}, b)`, long), code);
  const wide = { ...feeds, yz: tensorOf([], [4], 'int32') };
  t.throws(() => runText(`y = QLinearConv(${inputs})`, wide), { code: 'ERR_UNSUPPORTED' });
});

test('products of bytes by hand, with a zero point for each row and column', (t) => {
  const feeds = {
    ...{ a: byte([1, 2, 3, 4], 2, 2), az: byte([1, 3], 2) },
    ...{ b: byte([5, 6, 7, 8], 2, 2), bz: byte([5, 0], 2) },
  };
  // [0 1; 0 1] times [0 6; 2 8].
  const whole = runText('y = MatMulInteger(a, b, az, bz)', feeds);
  t.deepEqual(whole, { type: 'int32', dims: [2, 2], values: [2, 8, 2, 8] });
  const vector = { a: byte([1, 2], 2), b: feeds.b };
  t.deepEqual(runText('y = MatMulInteger(a, b)', vector).values, [19, 22]);
  const scaled = { ...feeds, as: tensorOf([2], [1, 0.25]), s: one, yz: byte([250]) };
  const text = 'y = QLinearMatMul(a, as, az, b, s, bz, s, yz)';
  t.deepEqual(runText(text, scaled).values, [252, 255, 250, 252]);
  const empty = runText(text, { ...scaled, a: byte([], 0, 2), as: one, az: byte([1]) });
  t.deepEqual(empty.dims, [0, 2]);
  const wrong = { ...feeds, az: byte([1, 2, 3], 3) };
  t.throws(() => runText('y = MatMulInteger(a, b, az)', wrong), { code: 'ERR_MODEL' });
  const wide = { a: tensorOf([1, 1], [1], 'int32'), b: byte([1], 1, 1) };
  t.throws(() => runText('y = MatMulInteger(a, b)', wide), { code: 'ERR_UNSUPPORTED' });
});

test('sums of more than float32 holds are whole', (t) => {
  const feeds = { a: tensorOf([1, 600], new Array<number>(600).fill(255), 'uint8') };
  const b = tensorOf([600, 1], [254, ...new Array<number>(599).fill(255)], 'uint8');
  t.deepEqual(runText('y = MatMulInteger(a, b)', { ...feeds, b }).values, [600 * 255 ** 2 - 255]);
});

checkCases('ConvInteger with sums beyond float32', 20, (r) => {
  const [groups, c] = [pick(r, [1, 1, 2]), r.integer(30, 90)];
  return {
    op: 'ConvInteger',
    opset: 10,
    attributes: { pads: dims(r, 4, 0, 2), group: groups },
    inputs: [
      bytes(r, 'uint8', r.integer(1, 3), c * groups, ...dims(r, 2, 5, 8)),
      wholes(r, 'uint8', [3 * groups, c, 3, 3], 200, 255),
      r.integer(0, 1) ? bytes(r, 'uint8') : undefined,
    ],
    constant: pick(r, [1, 9]),
    outputs: ['int32'],
  };
});

checkCases('MatMulInteger with sums beyond float32', 20, (r) => {
  const [stack, m, k, n] = [dims(r, r.integer(0, 2), 1, 3), r.integer(1, 4), 900, r.integer(1, 5)];
  const own = r.integer(0, 1) ? [n] : [];
  return {
    op: 'MatMulInteger',
    opset: 10,
    inputs: [
      wholes(r, 'uint8', [...stack, m, k], 200, 255),
      wholes(r, 'uint8', [...(r.integer(0, 1) ? stack : []), k, n], 200, 255),
      r.integer(0, 1) ? bytes(r, 'uint8') : undefined,
      r.integer(0, 1) ? wholes(r, 'uint8', own, 0, 9) : undefined,
    ],
    constant: pick(r, [1, 9]),
    outputs: ['int32'],
  };
});

test('dynamic quantisation by hand', (t) => {
  const run = (values: readonly number[]): (readonly number[])[] => {
    const found = runAll('y, s, z = DynamicQuantizeLinear(x)', {
      x: tensorOf([values.length], values),
    });
    return ['y', 's', 'z'].map((name) => found[name]!.values);
  };
  t.deepEqual(run([-55, 0, 200, 0.5]), [[0, 55, 255, 55], [1], [55]]);
  t.deepEqual(run([51, 255]), [[51, 255], [1], [0]]);
  t.deepEqual(run([0, 0]), [[0, 0], [1], [0]]);
  t.deepEqual(run([]), [[], [1], [0]]);
});
