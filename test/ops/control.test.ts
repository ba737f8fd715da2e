// If, Loop and Scan: graphs inside nodes.

import test from 'ava';

import { encodeModel } from '#convfuse/index.js';
import { parseText } from '#convfuse/ir/text.js';

import { judge } from '../helpers/judge.js';
import { valuesOf } from '../helpers/model-files.js';
import { runAll, runText, tensorOf } from '../helpers/run-text.js';

const flag = (value: number) => tensorOf([], [value], 'bool');

test('If runs one branch, which may read values around it', (t) => {
  const text = `
    two = Add(x, x)
    y = If<then_branch = { a = Add(two, x) }, else_branch = { b = Neg(two) }>(c)
  `;
  const x = tensorOf([2], [1, 2]);
  t.deepEqual(runText(text, { x, c: flag(1) }).values, [3, 6]);
  t.deepEqual(runText(text, { x, c: flag(0) }).values, [-2, -4]);
});

test('branches in branches, and outputs that are values of outer graphs', (t) => {
  const text = `
    y = If<
      then_branch = { r = If<then_branch = { a = Add(x, x) }, else_branch = { b = Identity(x) }>(d) },
      else_branch = { e = Abs(x) }
    >(c)
  `;
  const x = tensorOf([1], [-3]);
  t.deepEqual(runText(text, { x, c: flag(1), d: flag(1) }).values, [-6]);
  t.deepEqual(runText(text, { x, c: flag(1), d: flag(0) }).values, [-3]);
  t.deepEqual(runText(text, { x, c: flag(0), d: flag(0) }).values, [3]);
});

test('Loop carries values and stacks the scanned ones', (t) => {
  const text = `
    sum, all = Loop<body = {
      round: input int64[]
      going: input bool[]
      total: input float[1]
      same: output
      next: output
      seen: output
      same = Identity(going)
      next = Add(total, step)
      seen = Identity(next)
    }>(n, "", start)
  `;
  const feeds = {
    n: tensorOf([], [3], 'int64'),
    start: tensorOf([1], [10]),
    step: tensorOf([1], [2]),
  };
  t.deepEqual(runAll(text, feeds), {
    sum: { type: 'float32', dims: [1], values: [16] },
    all: { type: 'float32', dims: [3, 1], values: [12, 14, 16] },
  });
});

test('Loop stops when its condition fails', (t) => {
  const text = `
    sum = Loop<body = {
      round: input int64[]
      going: input bool[]
      total: input float[]
      small: output
      next: output
      next = Add(total, total)
      small = Less(next, limit)
    }>("", c, start)
  `;
  const feeds = { c: flag(1), start: tensorOf([], [1]), limit: tensorOf([], [100]) };
  t.deepEqual(runText(text, feeds).values, [128]);
  t.deepEqual(runText(text, { ...feeds, c: flag(0) }).values, [1]);
});

test('what no round gave is as the body declares it', (t) => {
  const text = (seen: string): string => `
    last, all = Loop<body = {
      round: input int64[]
      going: input bool[]
      total: input int32[2]
      same: output
      next: output
      seen: output${seen}
      same = Identity(going)
      next = Add(total, total)
      seen = Cast<to = 7>(next)
    }>(n, "", start)
  `;
  const feeds = { n: tensorOf([], [0], 'int64'), start: tensorOf([2], [1, 2], 'int32') };
  const all = (seen: string) => runAll(text(seen), feeds)['all'];
  t.deepEqual(all(' int64[2]'), { type: 'int64', dims: [0, 2], values: [] });
  t.deepEqual(all(' int64[N, 2]'), { type: 'int64', dims: [0, 0, 2], values: [] });
  t.deepEqual(all(''), { type: 'float32', dims: [0], values: [] });
});

const SCAN = `Scan<num_scan_inputs = 1, body = {
      total: input float[2]
      row: input float[2]
      next: output
      seen: output
      next = Add(total, row)
      seen = Mul(next, two)
    }`;

test('Scan carries values over slices of its inputs, and stacks what its body gives', (t) => {
  const feeds = {
    start: tensorOf([2], [10, 20]),
    x: tensorOf([3, 2], [1, 2, 3, 4, 5, 6]),
    two: tensorOf([1], [2]),
  };
  t.deepEqual(runAll(`sum, all = ${SCAN}>(start, x)`, feeds), {
    sum: { type: 'float32', dims: [2], values: [19, 32] },
    all: { type: 'float32', dims: [3, 2], values: [22, 44, 28, 52, 38, 64] },
  });
});

test('Scan walks any axis from either end, and stacks on any axis in either order', (t) => {
  const feeds = {
    start: tensorOf([2], [10, 20]),
    x: tensorOf([2, 3], [1, 3, 5, 2, 4, 6]),
    two: tensorOf([1], [2]),
  };
  const along = `${SCAN}, scan_input_axes = [-1], scan_output_axes = [1]`;
  t.deepEqual(runAll(`sum, all = ${along}>(start, x)`, feeds)['all'], {
    type: 'float32',
    dims: [2, 3],
    values: [22, 28, 38, 44, 52, 64],
  });
  const back = `${along}, scan_input_directions = [1]`;
  t.deepEqual(
    runAll(`sum, all = ${back}>(start, x)`, feeds)['all']!.values,
    [30, 36, 38, 52, 60, 64],
  );
  const turned = `${back}, scan_output_directions = [1]`;
  t.deepEqual(
    runAll(`sum, all = ${turned}>(start, x)`, feeds)['all']!.values,
    [38, 36, 30, 64, 60, 52],
  );
});

test('Scan of no slices gives what it carries, and a Scan that does not fit its body is refused', (t) => {
  const start = tensorOf([2], [10, 20]);
  const two = tensorOf([1], [2]);
  const none = runAll(`sum, all = ${SCAN}>(start, x)`, { start, two, x: tensorOf([0, 2], []) });
  t.deepEqual(none['sum']!.values, [10, 20]);
  t.deepEqual(none['all']!.dims, [0]);
  const x = tensorOf([3, 2], [1, 2, 3, 4, 5, 6]);
  const fails = (text: string, code: string, more = {}) =>
    t.throws(() => runAll(text, { start, two, x, ...more }), { code });
  fails(`a, b = ${SCAN.replace('inputs = 1', 'inputs = 3')}>(start, x)`, 'ERR_MODEL');
  fails(`a, b = ${SCAN.replace('inputs = 1', 'inputs = 0')}>(start, x)`, 'ERR_MODEL');
  fails(`a, b = ${SCAN}>(start, x, x)`, 'ERR_MODEL');
  fails(`a, b = ${SCAN}, scan_input_axes = [2]>(start, x)`, 'ERR_MODEL');
  fails(`a, b = ${SCAN}, scan_input_axes = [0, 0]>(start, x)`, 'ERR_MODEL');
  const two_inputs = `Scan<num_scan_inputs = 2, body = { p: input float[]; q: input float[]; r = Add(p, q) }>`;
  fails(`a = ${two_inputs}(v, w)`, 'ERR_ARGUMENT', { v: tensorOf([3]), w: tensorOf([2]) });
});

test('Scan is what onnxruntime makes of it', async (t) => {
  const declared = `x: input float[2, 3]\nstart: input float[2]\ntwo: float[1] = {2}\n`;
  const body = SCAN.replace('next: output', 'next: output float[2]').replace(
    'seen: output',
    'seen: output float[2]',
  );
  const attributes =
    'scan_input_axes = [1], scan_output_axes = [-1], scan_input_directions = [1], scan_output_directions = [1]';
  const outputs = 'sum: output float[2]\nall: output float[2, 3]\n';
  const text = `${declared}${outputs}sum, all = ${body}, ${attributes}>(start, x)`;
  const feeds = { start: tensorOf([2], [10, 20]), x: tensorOf([2, 3], [1, 3, 5, 2, 4, 6]) };
  const judged = (await judge('Scan', encodeModel(parseText(text)), feeds))!;
  const own = runAll(text, feeds);
  for (const name of ['sum', 'all']) {
    t.deepEqual([...judged[name]!.dims], own[name]!.dims);
    t.deepEqual(valuesOf(judged[name]!), own[name]!.values);
  }
});
