import test from 'ava';

import { runText, tensorOf } from '../helpers/run-text.js';

const x = tensorOf([2, 3]);
const list = (...values: number[]) => tensorOf([values.length], values, 'int64');

test('modes', (t) => {
  const y = (mode: string, pads: number[]): readonly number[] =>
    runText(`y = Pad<mode = "${mode}">(x, p)`, { x, p: list(...pads) }, { opset: 19 }).values;
  t.deepEqual(y('constant', [0, 1, 0, 1]), [0, 0, 1, 2, 0, 0, 3, 4, 5, 0]);
  t.deepEqual(y('edge', [0, 1, 0, 1]), [0, 0, 1, 2, 2, 3, 3, 4, 5, 5]);
  t.deepEqual(y('reflect', [0, 2, 0, 1]), [2, 1, 0, 1, 2, 1, 5, 4, 3, 4, 5, 4]);
  t.deepEqual(y('wrap', [0, 1, 0, 0]), [2, 0, 1, 2, 5, 3, 4, 5]);
  t.deepEqual(y('edge', [1, 0, 0, 0]), [0, 1, 2, 0, 1, 2, 3, 4, 5]);
  t.throws(() => y('mirror', [1, 0, 0, 0]), { code: 'ERR_MODEL' });
});

test('attributes before opset 11; the value as an input since', (t) => {
  const old = 'y = Pad<pads = [1, 0, 0, 0], value = 9.0>(x)';
  t.deepEqual(runText(old, { x }, { opset: 9 }).values, [9, 9, 9, 0, 1, 2, 3, 4, 5]);
  t.deepEqual(runText('y = Pad<paddings = [0, 0, 0, 1]>(x)', { x }, { opset: 1 }).dims, [2, 4]);
  const feeds = { x, p: list(0, 0, 0, 1), v: tensorOf([], [7]) };
  t.deepEqual(runText('y = Pad(x, p, v)', feeds).values, [0, 1, 2, 7, 3, 4, 5, 7]);
});

test('negative pads crop, and axes are named from opset 18 on', (t) => {
  t.deepEqual(runText('y = Pad(x, p)', { x, p: list(0, -1, 1, 0) }).values, [1, 2, 4, 5, 0, 0]);
  const named = { x, p: list(1, -1), a: list(-1) };
  const text = 'y = Pad(x, p, "", a)';
  t.deepEqual(runText(text, named, { opset: 18 }).values, [0, 0, 1, 0, 3, 4]);
});

test('what negative pads take away is neither mirrored nor repeated', (t) => {
  const y = (mode: string, pads: number[]): readonly number[] => {
    const feeds = { x: tensorOf([4]), p: list(...pads) };
    return runText(`y = Pad<mode = "${mode}">(x, p)`, feeds, { opset: 19 }).values;
  };
  t.deepEqual(y('wrap', [-1, 2]), [1, 2, 3, 1, 2]);
  t.deepEqual(y('wrap', [2, -1]), [1, 2, 0, 1, 2]);
  t.deepEqual(y('reflect', [2, -1]), [2, 1, 0, 1, 2]);
  t.deepEqual(y('edge', [-2, 2]), [2, 3, 3, 3]);
  t.deepEqual(y('constant', [-5, 2]), [0]);
  t.deepEqual(y('wrap', [-3, -1]), []);
  t.throws(() => y('wrap', [-4, 2]), { code: 'ERR_ARGUMENT' });
});

test('64-bit whole numbers, and pads of a wrong count', (t) => {
  const wide = { x: tensorOf([1], [5], 'int64'), p: list(1, 0) };
  t.deepEqual(runText('y = Pad(x, p)', wide), { type: 'int64', dims: [2], values: [0, 5] });
  t.throws(() => runText('y = Pad(x, p)', { x, p: list(1, 0) }), { code: 'ERR_MODEL' });
  const mixed = [
    { ...wide, v: tensorOf([], [7]) },
    { x, p: list(0, 0, 0, 1), v: list(7) },
  ];
  for (const feeds of mixed) {
    t.throws(() => runText('y = Pad(x, p, v)', feeds), { code: 'ERR_MODEL' });
  }
  const old = 'y = Pad<pads = [1, 0], value = 1.0>(x)';
  t.throws(() => runText(old, { x: wide.x }, { opset: 9 }), { code: 'ERR_MODEL' });
});
