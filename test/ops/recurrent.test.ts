import test from 'ava';

import { Random } from '#convfuse/tensor/random.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { float, type AttributeSpec } from '../helpers/model-builder.js';
import { pick } from '../helpers/onnxruntime.js';
import { checkCases, normals, type Case } from '../helpers/onnxruntime-cases.js';
import { runAll, runText, tensorOf } from '../helpers/run-text.js';

const GATES: Readonly<Record<string, number>> = { RNN: 1, GRU: 3, LSTM: 4 };
const FUNCTIONS: Readonly<Record<string, number>> = { RNN: 1, GRU: 2, LSTM: 3 };

const PLAIN = ['Sigmoid', 'Tanh', 'Relu', 'Softsign', 'Softplus'];
const LISTED = [...PLAIN, 'LeakyRelu', 'Elu', 'HardSigmoid', 'ScaledTanh', 'Affine'];

function draw(op: string, r: Random): Case {
  const direction = pick(r, ['forward', 'reverse', 'bidirectional']);
  const d = direction === 'bidirectional' ? 2 : 1;
  const [steps, batch, size, hidden] = [r.integer(1, 5), r.integer(1, 3), r.integer(1, 4), 3];
  const rows = GATES[op]! * hidden;
  const chance = (): boolean => r.integer(0, 1) === 1;
  const some = (...dims: number[]): Tensor | undefined =>
    chance() ? normals(r, ...dims) : undefined;
  const attributes: Record<string, AttributeSpec> = { direction, hidden_size: hidden };
  if (chance()) {
    const names = Array.from({ length: d * FUNCTIONS[op]! }, (_, i) =>
      // Nothing holds a state whose gates are above 1.
      pick(r, i % FUNCTIONS[op]! === 0 && op !== 'RNN' ? ['Sigmoid', 'HardSigmoid'] : LISTED),
    );
    attributes['activations'] = names;
    attributes['activation_alpha'] = float(names.map((_, i) => 0.2 + i / 8));
    attributes['activation_beta'] = float(names.map((_, i) => 0.3 + i / 8));
  }
  if (r.integer(0, 3) === 0) attributes['clip'] = float(0.5);
  if (op === 'GRU') attributes['linear_before_reset'] = r.integer(0, 1);
  if (op === 'LSTM' && chance()) attributes['input_forget'] = 1;
  const lengths = Array.from({ length: batch }, () => r.integer(0, steps));
  return {
    op,
    opset: pick(r, [7, 14, 22]),
    attributes,
    inputs: [
      normals(r, steps, batch, size),
      normals(r, d, rows, size),
      normals(r, d, rows, hidden),
      some(d, 2 * rows),
      chance() ? tensorOf([batch], lengths, 'int32') : undefined,
      some(d, batch, hidden),
      ...(op === 'LSTM' ? [some(d, batch, hidden), some(d, 3 * hidden)] : []),
    ],
    outputs:
      op === 'LSTM'
        ? ['float32', pick(r, ['float32', undefined]), 'float32']
        : ['float32', 'float32'],
    constant: pick(r, [1, 8]),
  };
}

checkCases('RNN', 60, (r) => draw('RNN', r));
checkCases('GRU', 80, (r) => draw('GRU', r));
checkCases('LSTM', 80, (r) => draw('LSTM', r));

// One number in, one hidden: Ht = 2 x + h / 2 + 1.
const affine = 'activations = ["Affine"], activation_alpha = [1.0], activation_beta = [1.0]';

function feedsOf(dims: readonly number[], values: readonly number[]): Record<string, Tensor> {
  return { x: tensorOf(dims, values), w: tensorOf([1, 1, 1], [2]), r: tensorOf([1, 1, 1], [0.5]) };
}

test('an RNN by hand, forward and backward, step by step and image by image', (t) => {
  const run = (attributes: string, dims: number[], values: number[]): (readonly number[])[] => {
    const text = `y, h = RNN<hidden_size = 1, ${affine}${attributes}>(x, w, r)`;
    const { y, h } = runAll(text, feedsOf(dims, values));
    return [y!.values, h!.values, y!.dims, h!.dims];
  };
  t.deepEqual(run('', [3, 1, 1], [0, 1, 2]), [[1, 3.5, 6.75], [6.75], [3, 1, 1, 1], [1, 1, 1]]);
  const back = run(', direction = "reverse"', [3, 1, 1], [2, 1, 0]);
  t.deepEqual(back.slice(0, 2), [[6.75, 3.5, 1], [6.75]]);
  // Two images, whose steps lie one behind the other.
  t.deepEqual(run(', layout = 1', [2, 2, 1], [0, 1, 1, 0]), [
    [1, 3.5, 3, 2.5],
    [3.5, 2.5],
    [2, 2, 1, 1],
    [2, 1, 1],
  ]);
});

test('LSTM and GRU by hand', (t) => {
  const zeros = (...dims: number[]): Tensor => tensorOf(dims, new Array<number>(64).fill(0));
  // All gates are 1/2: C = c / 2 + tanh(0) / 2, H = tanh(C) / 2.
  const lstm = runAll('y, h, c = LSTM<hidden_size = 1>(x, w, r, "", "", h0, c0)', {
    ...{ x: tensorOf([1, 1, 1], [3]), w: zeros(1, 4, 1), r: zeros(1, 4, 1) },
    ...{ h0: zeros(1, 1, 1), c0: tensorOf([1, 1, 1], [4]) },
  });
  t.deepEqual(lstm['c']!.values, [2]);
  t.deepEqual(lstm['h']!.values, [Math.fround(Math.tanh(2) / 2)]);
  t.deepEqual(lstm['y']!.values, lstm['h']!.values);
  // z is 1/2, and the candidate tanh(0): half of the state remains.
  const gru = { x: tensorOf([2, 1, 1], [3, 5]), w: zeros(1, 3, 1), r: zeros(1, 3, 1) };
  const halved = runText('y = GRU<hidden_size = 1>(x, w, r, "", "", h0)', {
    ...{ ...gru, h0: tensorOf([1, 1, 1], [8]) },
  });
  t.deepEqual(halved.values, [4, 2]);
});

test('layouts of both directions, double arithmetic and sequences without elements', (t) => {
  const r = new Random(5);
  const [steps, batch, size, hidden] = [3, 2, 2, 2];
  const x = normals(r, steps, batch, size);
  const rest = { w: normals(r, 2, 8, size), r: normals(r, 2, 8, hidden) };
  const head = 'LSTM<hidden_size = 2, direction = "bidirectional"';
  const turned = runAll(
    `xt = Transpose<perm = [1, 0, 2]>(x)
     yt, ht, ct = ${head}, layout = 1>(xt, w, r)
     y1 = Transpose<perm = [1, 2, 0, 3]>(yt)
     h1 = Transpose<perm = [1, 0, 2]>(ht)
     y, h, c = ${head}>(x, w, r)
     c1 = Transpose<perm = [1, 0, 2]>(ct)`,
    { x, ...rest },
  );
  for (const name of ['y', 'h', 'c']) t.deepEqual(turned[name], turned[`${name}1`]);
  const text = `y = ${head}>(x, w, r)`;
  const double = runText(text, { x, ...rest }, { arithmetic: 'float64' });
  const single = runText(text, { x, ...rest });
  double.values.forEach((value, i) => t.true(Math.abs(value - single.values[i]!) < 1e-6));
  const empty = runAll(`y, h = ${head}>(x, w, r)`, { x: tensorOf([0, 2, 2], []), ...rest });
  t.deepEqual(empty['y']!.dims, [0, 2, 2, 2]);
  t.deepEqual(empty['h']!.values, new Array<number>(8).fill(0));
});

test('what does not fit is refused', (t) => {
  const feeds = feedsOf([3, 1, 1], [0, 1, 2]);
  const refused = (attributes: string, more: Record<string, Tensor> = {}, tail = ''): void => {
    const text = `y = RNN<hidden_size = 1${attributes}>(x, w, r${tail})`;
    t.throws(() => runText(text, { ...feeds, ...more }), { code: 'ERR_MODEL' }, attributes);
  };
  refused(', direction = "sideways"');
  refused(', activations = ["Cosine"]');
  refused(', activations = ["Tanh", "Tanh"]');
  refused(', direction = "bidirectional"');
  refused('', { w: tensorOf([1, 1, 2]) });
  refused('', { x: tensorOf([3, 1]) });
  refused('', { s: tensorOf([1], [4], 'int32') }, ', "", s');
  refused('', { s: tensorOf([2], [1, 1], 'int32') }, ', "", s');
});
