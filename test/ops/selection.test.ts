// Operators whose result has as many elements as their input says: NonZero, Compress, Unique, OneHot.

import test from 'ava';

import { Inference } from '#convfuse/ops/infer.js';
import { parseText } from '#convfuse/ir/text.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { runAll, runText, tensorOf } from '../helpers/run-text.js';

/** What is known of the only output before anything runs. */
function facts(text: string) {
  return new Inference().facts(parseText(text).graph.outputs[0]!);
}

test('NonZero', (t) => {
  const x = tensorOf([2, 3], [0, -1, 0, 2, 0, NaN]);
  t.deepEqual(runText('y = NonZero(x)', { x }), {
    type: 'int64',
    dims: [2, 3],
    values: [0, 1, 1, 1, 0, 2],
  });
  const of = (tensor: Tensor) => runText('y = NonZero(x)', { x: tensor }).dims;
  t.deepEqual(of(tensorOf([3], [0, 5, 0], 'int64')), [1, 1]);
  t.deepEqual(of(tensorOf([3], [0, 1, 1], 'bool')), [1, 2]);
  t.deepEqual(of(tensorOf([0, 3])), [2, 0]);
  // No axis, no row: the ONNX text has it so, where numpy and onnxruntime make one.
  t.deepEqual(of(tensorOf([], [1])), [0, 1]);
});

test('a count that depends on data is unknown until the data are known', (t) => {
  t.deepEqual(facts('x: input float[2, 3]\ny = NonZero(x)').dims, [2, undefined]);
  t.deepEqual(facts('x: float[4] = {0, 1, 0, 1}\ny = NonZero(x)').dims, [1, 2]);
  const head = 'x: input float[2, 3]\n';
  t.deepEqual(facts(`${head}c: input bool[2]\ny = Compress(x, c)`).dims, [undefined]);
  t.deepEqual(facts(`${head}c: input bool[2]\ny = Compress<axis = 0>(x, c)`).dims, [undefined, 3]);
  t.deepEqual(facts(`${head}c: bool[2] = {0, 1}\ny = Compress<axis = 0>(x, c)`).dims, [1, 3]);
  t.deepEqual(facts(`${head}y = Unique<axis = 1>(x)`).dims, [2, undefined]);
  t.deepEqual(facts(`${head}y = Unique(x)`).dims, [undefined]);
});

test('Compress', (t) => {
  const x = tensorOf([3, 2]);
  const c = tensorOf([2], [0, 1], 'bool');
  t.deepEqual(runText('y = Compress<axis = 0>(x, c)', { x, c }), {
    type: 'float32',
    dims: [1, 2],
    values: [2, 3],
  });
  t.deepEqual(runText('y = Compress<axis = -1>(x, c)', { x, c }).values, [1, 3, 5]);
  t.deepEqual(runText('y = Compress(x, c)', { x, c }).values, [1]);
  const long = tensorOf([8], [0, 0, 0, 0, 0, 1, 1, 1], 'bool');
  t.deepEqual(runText('y = Compress(x, c)', { x, c: long }).values, [5]);
  t.deepEqual(runText('y = Compress(x, c)', { x, c: tensorOf([0], [], 'bool') }).dims, [0]);
  t.throws(() => runText('y = Compress(x, c)', { x, c: tensorOf([2]) }), { code: 'ERR_MODEL' });
  t.throws(() => runText('y = Compress<axis = 2>(x, c)', { x, c }), { code: 'ERR_MODEL' });
});

test('Unique of elements', (t) => {
  const run = (values: number[], sorted: number): number[][] => {
    const text = `y, first, which, counts = Unique<sorted = ${sorted}>(x)`;
    const results = runAll(text, { x: tensorOf([values.length], values) });
    return Object.values(results).map((result) => [...result.values]);
  };
  t.deepEqual(run([2, 1, 1, 3, 4, 3], 0), [
    [2, 1, 3, 4],
    [0, 1, 3, 4],
    [0, 1, 1, 2, 3, 2],
    [1, 2, 2, 1],
  ]);
  t.deepEqual(run([2, 1, 1, 3, 4, 3], 1), [
    [1, 2, 3, 4],
    [1, 0, 3, 4],
    [1, 0, 0, 2, 3, 2],
    [2, 1, 2, 1],
  ]);
  t.deepEqual(run([NaN, -1, NaN], 1)[0], [-1, NaN]);
  t.deepEqual(run([], 1), [[], [], [], []]);
});

test('Unique of entries along an axis', (t) => {
  const x = tensorOf([3, 3], [1, 0, 0, 1, 0, 0, 0, 9, 4], 'int64');
  t.deepEqual(runText('y = Unique<axis = 0>(x)', { x }), {
    type: 'int64',
    dims: [2, 3],
    values: [0, 9, 4, 1, 0, 0],
  });
  const columns = { x: tensorOf([2, 3], [3, 1, 3, 2, 1, 2]) };
  const results = runAll('y, "", which = Unique<axis = -1>(x)', columns);
  t.deepEqual(results['y']!.values, [1, 3, 1, 2]);
  t.deepEqual(results['which']!.values, [1, 0, 1]);
  t.throws(() => runText('y = Unique<axis = 2>(x)', { x }), { code: 'ERR_MODEL' });
});

test('OneHot', (t) => {
  const i = tensorOf([4], [0, 2, -1, 3], 'int64');
  const v = tensorOf([2], [-1, 5], 'float64');
  const feeds = { i, d: tensorOf([1], [3], 'int64'), v };
  t.deepEqual(runText('y = OneHot(i, d, v)', feeds), {
    type: 'float64',
    dims: [4, 3],
    values: [5, -1, -1, -1, -1, 5, -1, -1, 5, -1, -1, -1],
  });
  // Opset 9 counts nothing from the end.
  const old = runText('y = OneHot(i, d, v)', feeds, { opset: 9 }).values.slice(6, 9);
  t.deepEqual(old, [-1, -1, -1]);
  const first = runText('y = OneHot<axis = 0>(i, d, v)', { ...feeds, i: tensorOf([2], [1.9, 0]) });
  t.deepEqual(first, { type: 'float64', dims: [3, 2], values: [-1, 5, 5, -1, -1, -1] });
  const one = { i: tensorOf([], [1], 'uint8'), d: tensorOf([], [2], 'float64') };
  const wide = tensorOf([2], [0, 1], 'int64');
  t.deepEqual(runText('y = OneHot(i, d, v)', { ...one, v: wide }).values, [0, 1]);
  const known = facts(
    'i: input int64[2, 3]\nd: int64[] = {7}\nv: float[2]\ny = OneHot<axis = 1>(i, d, v)',
  );
  t.deepEqual(known.dims, [2, 7, 3]);
  const refused = (more: object, code: string, text = 'y = OneHot(i, d, v)') =>
    t.throws(() => runText(text, { ...feeds, ...more }), { code });
  refused({ d: tensorOf([], [-1], 'int64') }, 'ERR_ARGUMENT');
  refused({ v: tensorOf([1]) }, 'ERR_MODEL');
  refused({}, 'ERR_MODEL', 'y = OneHot<axis = 2>(i, d, v)');
});
