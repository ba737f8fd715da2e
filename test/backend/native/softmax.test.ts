// The native softmax against the operators' own loops in double, through a session, on every ISA.

import test from 'ava';

import { Random } from '#convfuse/tensor/random.js';
import { elementCount } from '#convfuse/tensor/shape.js';

import { U } from '../../helpers/bounds.js';
import { firstWrong, runEverywhere } from '../../helpers/native-backends.js';

/** Units in the last place that docs/numerics.md states; one is at most 2 u of a number. */
const BOUND = { Softmax: 3 * 2 * U, LogSoftmax: 4 * 2 * U };

/** Sums are doubles, next to 1 too, where their logarithm keeps the error of every term. */
function boundOf(opType: keyof typeof BOUND, terms: number): (value: number) => number {
  const least = opType === 'LogSoftmax' ? terms * 2 ** -53 : 2 ** -148;
  return (value) => Math.max(BOUND[opType] * Math.abs(value), least);
}

const OPERATORS = ['Softmax', 'LogSoftmax'] as const;

const SHAPES = [
  [1, 1],
  [2, 5, 7],
  [3, 2, 4, 9],
  [1, 4420, 2],
  [2, 80, 3, 5],
  [4, 1, 33],
  [2, 1003],
];

const SPECIAL: Readonly<Record<string, readonly number[]>> = {
  'a NaN': [NaN, 0],
  infinity: [Infinity, 0],
  'minus infinity': [-Infinity, 0],
  'both infinities': [Infinity, -Infinity],
};

for (const opType of OPERATORS) {
  for (const dims of SHAPES) {
    test(`${opType} of ${dims.join('x')}, along every axis`, (t) => {
      const data = new Random(5).normals(elementCount(dims)).map((value) => value * 9);
      const feeds = { x: { type: 'float32', data, dims } } as const;
      const declared = `x: input float[${dims.join(', ')}]\n`;
      for (const opset of [11, 13]) {
        for (let axis = -dims.length; axis < dims.length; axis++) {
          const text = `${declared}y = ${opType}<axis = ${axis}>(x)`;
          const runs = runEverywhere(text, feeds, { opset });
          t.is(firstWrong(runs, boundOf(opType, data.length)), undefined, `${text}, ${opset}`);
        }
      }
    });
  }

  for (const [name, values] of Object.entries(SPECIAL)) {
    test(`${opType}: ${name}, wherever it stands`, (t) => {
      for (const size of [2, 5, 20]) {
        const dims = [size * 4, size, 3];
        const data = new Random(6).normals(elementCount(dims));
        // In image i, along either axis, values[0] at i and values[1] at the next.
        for (let i = 0; i < size; i++) {
          data[(i * size + i) * 3] = values[0]!;
          data[(i * size + ((i + 1) % size)) * 3 + 1] = values[1]!;
          data.fill(-Infinity, (size + i) * size * 3, (size + i + 1) * size * 3);
          data[((size + i) * size + i) * 3 + 2] = values[0]!;
        }
        const feeds = { x: { type: 'float32', data, dims } } as const;
        for (const axis of [0, 1, 2]) {
          const text = `x: input float[${dims.join(', ')}]\ny = ${opType}<axis = ${axis}>(x)`;
          const runs = runEverywhere(text, feeds, { opset: 13 });
          t.is(firstWrong(runs, boundOf(opType, data.length)), undefined, text);
        }
      }
    });
  }
}
