// Copies by the backend against the operators' own loops, through a session, on every ISA: the same
// elements, in the types that models have.

import test from 'ava';

import type { DataType } from '#convfuse/tensor/dtype.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';

import { firstWrong, runEverywhere } from '../../helpers/native-backends.js';
import { tensorOf } from '../../helpers/run-text.js';

const exact = (): number => 0;

const NAMES: Partial<Record<DataType, string>> = { float32: 'float', float64: 'double' };

/** Compares the first output of a model on inputs x, z of these shapes, whose elements all differ. */
function wrong(
  text: string,
  shapes: readonly (readonly number[])[],
  type: DataType = 'float32',
  opset = 13,
): string | undefined {
  const names = ['x', 'z', 'w'].slice(0, shapes.length);
  const name = NAMES[type] ?? type;
  const declared = names.map((input, i) => `${input}: input ${name}[${shapes[i]!.join(', ')}]\n`);
  const feeds: Record<string, Tensor> = {};
  names.forEach((input, i) => {
    const values = Array.from({ length: elementCount(shapes[i]!) }, (_, at) => at + i * 1e5);
    feeds[input] = tensorOf(shapes[i]!, values, type);
  });
  return firstWrong(runEverywhere(declared.join('') + text, feeds, { opset }), exact);
}

function permutations(rank: number): number[][] {
  if (rank === 0) return [[]];
  return permutations(rank - 1).flatMap((perm) =>
    Array.from({ length: rank }, (_, at) => [...perm.slice(0, at), rank - 1, ...perm.slice(at)]),
  );
}

test('Transpose by every permutation', (t) => {
  for (const dims of [
    [3, 17, 2, 19],
    [1, 3, 33, 32],
    [5, 1, 64],
    [40, 48],
    [2, 3, 4, 5, 6],
  ]) {
    for (const perm of permutations(dims.length)) {
      const text = `y = Transpose<perm = [${perm.join(', ')}]>(x)`;
      t.is(wrong(text, [dims]), undefined, `${text} of ${dims.join('x')}`);
    }
  }
});

test('elements of every type', (t) => {
  for (const type of ['float64', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint64'] as const) {
    for (const perm of [
      [1, 0, 2],
      [2, 0, 1],
      [0, 2, 1],
    ]) {
      const text = `y = Transpose<perm = [${perm.join(', ')}]>(x)`;
      t.is(wrong(text, [[7, 19, 9]], type), undefined, `${type}: ${text}`);
    }
  }
});

test('Concat of runs that are short, long and not there', (t) => {
  for (const axis of [0, 1, 2]) {
    const text = `y = Concat<axis = ${axis}>`;
    const grown = (size: number): number[] => [9, 8, 7].map((n, i) => (i === axis ? size : n));
    t.is(wrong(`${text}(x)`, [grown(5)]), undefined);
    t.is(wrong(`${text}(x, z)`, [grown(2), grown(90)]), undefined);
    t.is(wrong(`${text}(x, z, w)`, [grown(40), grown(0), grown(5)], 'int64'), undefined);
    t.is(wrong(`${text}(x, x)`, [grown(40)]), undefined);
  }
});

test('Slice, with steps of either sign', (t) => {
  const lists: readonly (readonly [number[], number[], number[]])[] = [
    [
      [0, 2],
      [30, 9],
      [1, 1],
    ],
    [
      [3, 0],
      [28, 100],
      [2, 3],
    ],
    [
      [-1, 0],
      [-100, 2],
      [-1, 1],
    ],
    [
      [5, 11],
      [25, 2],
      [4, -2],
    ],
    [
      [4, 0],
      [5, 100],
      [1, 1],
    ],
  ];
  for (const [starts, ends, steps] of lists) {
    const list = (name: string, values: number[]): string =>
      `${name}: int64[2] = {${values.join(', ')}}\n`;
    const text =
      list('s', starts) +
      list('e', ends) +
      list('a', [0, 2]) +
      list('p', steps) +
      'y = Slice(x, s, e, a, p)';
    t.is(wrong(text, [[30, 7, 12]]), undefined, text);
  }
});

test('Split, in the middle and along the first axis', (t) => {
  for (const axis of [0, 1, 2]) {
    const dims = [8, 8, 8].map((n, i) => (i === axis ? 30 : n));
    const text = `y, q, r = Split<axis = ${axis}>(x, s)`;
    t.is(wrong(`s: int64[3] = {7, 13, 10}\n${text}`, [dims]), undefined, text);
    const last = `r, q, y = Split<axis = ${axis}>(x, s)\n`;
    t.is(wrong(`s: int64[3] = {7, 13, 10}\n${last}`, [dims]), undefined, last);
  }
});

test('Expand, Tile, Gather, DepthToSpace and Crop', (t) => {
  const shape = 's: int64[3] = {6, 20, 9}\n';
  t.is(wrong(`${shape}y = Expand(x, s)`, [[6, 1, 9]]), undefined);
  t.is(wrong(`${shape}y = Expand(x, s)`, [[20, 1]]), undefined);
  t.is(wrong('s: int64[3] = {2, 3, 2}\ny = Tile(x, s)', [[5, 6, 7]]), undefined);
  for (const axis of [0, 1, 2]) {
    const one = `s: int64[1] = {-2}\ny = Gather<axis = ${axis}>(x, s)`;
    t.is(wrong(one, [[20, 21, 22]]), undefined, one);
    const some = `s: int64[2, 2] = {3, 0, 1, -1}\ny = Gather<axis = ${axis}>(x, s)`;
    t.is(wrong(some, [[20, 21, 22]]), undefined, some);
  }
  t.is(wrong('y = DepthToSpace<blocksize = 2>(x)', [[2, 12, 5, 9]]), undefined);
  t.is(wrong('y = SpaceToDepth<blocksize = 3>(x)', [[2, 3, 6, 9]]), undefined);
  t.is(wrong('y = Crop<border = [1, 2, 3, 4]>(x)', [[2, 3, 20, 30]], 'float32', 6), undefined);
});

test('Pad in every mode, inwards too', (t) => {
  const pads = [
    [0, 0, 3, 5, 0, 0, 2, 1],
    [0, 0, -2, 4, 0, 0, 5, -3],
    [0, 1, 2, 0, 0, 2, 0, 3],
    [1, 0, 0, 0, 0, 0, 0, 0],
  ];
  for (const mode of ['constant', 'edge', 'reflect', 'wrap']) {
    for (const list of pads) {
      const text =
        `p: int64[8] = {${list.join(', ')}}\nv: float[1] = {7.5}\n` +
        `y = Pad<mode = "${mode}">(x, p, v)`;
      t.is(wrong(text, [[2, 3, 14, 15]], 'float32', 19), undefined, text);
    }
  }
});

test('parts of a tensor share its memory, and nobody writes over it', (t) => {
  // Relu and Add write over their inputs where nobody else reads those.
  const text =
    's: int64[2] = {4, 6}\na, b = Split<axis = 0>(x, s)\nc = Relu(a)\nd = Neg(b)\n' +
    'e = Concat<axis = 0>(c, d)\nf = Add(e, x)\ng, h = Split<axis = 0>(f, s)\ni = Neg(g)\n' +
    'j = Abs(h)\ny = Concat<axis = 0>(i, g, j, c, a, b, d)';
  t.is(wrong(text, [[10, 300]]), undefined);
});
