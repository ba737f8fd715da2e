import test from 'ava';
import { InvalidArgumentError } from 'commander';

import * as parse from '#convfuse/cli/parse.js';

const refused = { instanceOf: InvalidArgumentError };

test('numbers are plain and in range', (t) => {
  t.is(parse.positiveInteger('12'), 12);
  t.is(parse.wholeNumber('0'), 0);
  t.is(parse.nonNegative('1e-4'), 1e-4);
  t.is(parse.positive('0.5'), 0.5);
  for (const text of ['', ' ', '0', '-1', '1.5', '0x10', '1e3', 'NaN', '9007199254740993']) {
    t.throws(() => parse.positiveInteger(text), refused, text);
  }
  for (const text of ['', ' ', '-1', 'Infinity', 'NaN', '1..2']) {
    t.throws(() => parse.nonNegative(text), refused, text);
  }
  t.throws(() => parse.positive('0'), refused);
});

test('names stand between commas, over several flags', (t) => {
  t.deepEqual(parse.nameList('a, b', parse.nameList('z')), ['z', 'a', 'b']);
  for (const text of ['', 'a,', ',']) t.throws(() => parse.nameList(text), refused, text);
});

test('shapes belong to names that may contain =', (t) => {
  const shapes = parse.namedShape('__proto__=2', parse.namedShape('a=b=1x3x0'));
  t.deepEqual(
    [...shapes],
    [
      ['a=b', [1, 3, 0]],
      ['__proto__', [2]],
    ],
  );
  for (const text of ['a', '=1', 'a=', 'a=1x', 'a=1,2', 'a=-1', 'a=1x2x9007199254740993']) {
    t.throws(() => parse.namedShape(text), refused, text);
  }
});

test('files belong to names, and may contain =', (t) => {
  const files = parse.namedFile('y=d', parse.namedFile('x=a=b.npy'));
  t.deepEqual(
    [...files],
    [
      ['x', 'a=b.npy'],
      ['y', 'd'],
    ],
  );
  for (const text of ['x', '=a', 'x=']) t.throws(() => parse.namedFile(text), refused, text);
  t.throws(() => parse.namedFile('x=b', files), refused);
});

test('a page ends like one', (t) => {
  for (const file of ['r.html', 'a/b.HTM', './r.html']) t.is(parse.htmlFile(file), file);
  for (const wrong of ['', '.html', 'a/.html', 'm.onnx', 'r.html.onnx', 'html']) {
    t.throws(() => parse.htmlFile(wrong), { message: /FILE\.html/ }, wrong);
  }
});
