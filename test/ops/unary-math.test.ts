import test from 'ava';

import { runText, tensorOf } from '../helpers/run-text.js';

const points = [-2, -0.5, 0, 0.5, 2];
const y = (op: string): readonly number[] =>
  runText(`y = ${op}(x)`, { x: tensorOf([5], points) }, { opset: 20, arithmetic: 'float64' })
    .values;

test('each function is the one of its name', (t) => {
  const functions: Record<string, (x: number) => number> = {
    Relu: (x) => Math.max(0, x),
    Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
    Tanh: Math.tanh,
    HardSwish: (x) => (x * Math.min(6, Math.max(0, x + 3))) / 6,
    Softplus: (x) => Math.log(1 + Math.exp(x)),
    Softsign: (x) => x / (1 + Math.abs(x)),
    Mish: (x) => x * Math.tanh(Math.log(1 + Math.exp(x))),
    Exp: Math.exp,
    Abs: Math.abs,
    Neg: (x) => -x,
    Sign: Math.sign,
    Floor: Math.floor,
    Ceil: Math.ceil,
    Reciprocal: (x) => 1 / x,
    Sin: Math.sin,
    Cos: Math.cos,
    Tan: Math.tan,
    Atan: Math.atan,
    Sinh: Math.sinh,
    Cosh: Math.cosh,
    Asinh: Math.asinh,
  };
  for (const [op, f] of Object.entries(functions)) {
    y(op).forEach((value, i) => {
      const wanted = f(points[i]!);
      const same = Math.abs(value - wanted) <= 2 ** -24 * Math.abs(wanted);
      t.true(same || value === wanted, `${op}(${points[i]}) = ${value}, not ${wanted}`);
    });
  }
});

test('functions of positive numbers', (t) => {
  const of = (op: string, values: number[]): readonly number[] =>
    runText(`y = ${op}(x)`, { x: tensorOf([values.length], values) }).values;
  t.deepEqual(of('Sqrt', [4, 9]), [2, 3]);
  t.deepEqual(of('Log', [1, 4]), [0, Math.fround(Math.log(4))]);
  t.deepEqual(of('Acosh', [1]), [0]);
  t.deepEqual(of('Atanh', [0]), [0]);
  t.deepEqual(of('Asin', [0]), [0]);
  t.deepEqual(of('Acos', [1]), [0]);
});

test('Erf is the error function', (t) => {
  // Abramowitz and Stegun, table 7.1.
  const erf = [-0.9953222650189527, -0.5204998778130465, 0, 0.5204998778130465, 0.9953222650189527];
  t.deepEqual(y('Erf'), erf.map(Math.fround));
});

test('Round takes ties to even', (t) => {
  const x = tensorOf([6], [0.5, 1.5, 2.5, -0.5, -1.5, 1.2]);
  t.deepEqual(
    runText('y = Round(x)', { x }).values.map((v) => v + 0),
    [0, 2, 2, 0, -2, 1],
  );
});

test('NaN stays NaN', (t) => {
  const x = tensorOf([1], [NaN]);
  for (const op of ['Relu', 'Sigmoid', 'HardSwish', 'Softplus', 'Mish', 'Erf']) {
    t.deepEqual(runText(`y = ${op}(x)`, { x }, { opset: 20 }).values, [NaN], op);
  }
});

test('64-bit whole numbers where a function is defined for them', (t) => {
  const x = tensorOf([3], [-3, 0, 4], 'int64');
  t.deepEqual(runText('y = Abs(x)', { x }), { type: 'int64', dims: [3], values: [3, 0, 4] });
  t.deepEqual(runText('y = Sign(x)', { x }).values, [-1, 0, 1]);
  t.throws(() => runText('y = Exp(x)', { x }), { code: 'ERR_UNSUPPORTED' });
});
