// If and Loop: graphs inside nodes.

import test from 'ava';

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
