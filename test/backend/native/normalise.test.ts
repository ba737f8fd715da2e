// Native normalisation and sums against the operators' own loops in double, through a session, on every
// ISA. Both add up in double: what is left is the rounding to float.

import test from 'ava';

import { Random } from '#convfuse/tensor/random.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';

import { gammaOf, U } from '../../helpers/bounds.js';
import { firstWrong, runEverywhere } from '../../helpers/native-backends.js';

const random = new Random(12);

/** Numbers around 50, whose mean outweighs their deviation. */
function tensor(...dims: number[]): Tensor {
  const data = random.normals(elementCount(dims)).map((value) => value + 50);
  return { type: 'float32', dims, data };
}

/** What two sums in double, rounded to float, may differ by. */
const bound = (value: number): number => 2 * U * Math.abs(value) + 1e-9;

/** Operators with their inputs, and the opset that has them. */
const CASES: readonly (readonly [string, readonly Tensor[], number])[] = [
  ['InstanceNormalization', [tensor(2, 5, 17, 19), tensor(5), tensor(5)], 13],
  ['InstanceNormalization<epsilon = 0.5>', [tensor(1, 3, 5000), tensor(3), tensor(3)], 13],
  ['InstanceNormalization', [tensor(3, 9, 1, 1), tensor(9), tensor(9)], 13],
  ['GroupNormalization<num_groups = 3>', [tensor(2, 6, 7, 5), tensor(3), tensor(3)], 18],
  ['GroupNormalization<num_groups = 2>', [tensor(2, 6, 7, 5), tensor(6), tensor(6)], 21],
  ['LayerNormalization', [tensor(4, 3, 37), tensor(37), tensor(37)], 17],
  ['LayerNormalization<axis = 1>', [tensor(4, 3, 8), tensor(3, 8)], 17],
  ['ReduceMean<axes = [2, 3]>', [tensor(2, 5, 13, 9)], 13],
  ['ReduceMean<axes = [-1], keepdims = 0>', [tensor(2, 5, 130)], 13],
  ['ReduceMean', [tensor(2, 5, 13)], 13],
  ['ReduceMean<axes = [1]>', [tensor(2, 5, 13)], 13],
  ['ReduceSum', [tensor(2, 5, 13)], 13],
  ['ReduceSum<axes = [1, 2]>', [tensor(4, 7, 70)], 11],
];

for (const [text, tensors, opset] of CASES) {
  const names = ['x', 's', 'b'].slice(0, tensors.length);
  const shapes = tensors.map(({ dims }) => dims.join('x')).join(', ');
  const declared = names.map((name, i) => `${name}: input float[${tensors[i]!.dims.join(', ')}]\n`);
  const model = `${declared.join('')}y = ${text}(${names.join(', ')})`;
  const feeds = (): Record<string, Tensor> =>
    Object.fromEntries(names.map((name, i) => [name, tensors[i]!]));

  test(`${text} of ${shapes}`, (t) => {
    t.is(firstWrong(runEverywhere(model, feeds(), { opset }), bound), undefined);
  });

  test(`${text} of ${shapes}, with NaN and infinities`, (t) => {
    for (const odd of [NaN, Infinity, -Infinity]) {
      const x = tensors[0]!;
      for (const at of [0, Math.floor(x.data.length / 2), x.data.length - 1]) {
        const data = Float32Array.from(x.data as Float32Array);
        data[at] = odd;
        const runs = runEverywhere(model, { ...feeds(), x: { ...x, data } }, { opset });
        t.is(firstWrong(runs, bound), undefined, `${odd} at ${at}`);
      }
    }
  });
}

test('a scale that repeats is for the loop of the operator, which rounds four times', (t) => {
  const text =
    'x: input float[4, 3, 8]\ns: input float[8]\nb: input float[3, 1]\n' +
    'y = LayerNormalization<axis = 1>(x, s, b)';
  const feeds = { x: tensor(4, 3, 8), s: tensor(8), b: tensor(3, 1) };
  // No normal number is above 4 in magnitude, no scale or bias above 55.
  const runs = runEverywhere(text, feeds, { opset: 17 });
  t.is(
    firstWrong(runs, () => gammaOf(4) * (4 * 55 + 55)),
    undefined,
  );
});

test('constant scales and biases make a step that is repeated', (t) => {
  const text =
    'x: input float[2, 3, 5, 7]\ns: float[3] = {1, 2, 3}\nb: float[3] = {0, 1, -1}\n' +
    'y = InstanceNormalization(x, s, b)';
  t.is(firstWrong(runEverywhere(text, { x: tensor(2, 3, 5, 7) }), bound), undefined);
});
