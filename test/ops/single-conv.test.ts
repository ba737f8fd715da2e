// Convolutions whose window is their whole input: products of rows with a matrix, in sessions.

import test from 'ava';

import type { LinearLayer, LinearSpec } from '#convfuse/backend/linear.js';
import { NativeBackend } from '#convfuse/backend/native/index.js';
import { parseText } from '#convfuse/ir/text.js';
import { Session } from '#convfuse/runtime/session.js';

import { addon, firstWrong, nativeBackends, runEverywhere } from '../helpers/native-backends.js';
import { tensorOf } from '../helpers/run-text.js';
import { constant, integers } from '../helpers/whole-numbers.js';

class Counting extends NativeBackend {
  linears = 0;

  override linear(spec: LinearSpec): LinearLayer | undefined {
    this.linears++;
    return super.linear(spec);
  }
}

/** Layers that a run of the text makes of matrices. */
function linears(text: string, dims: readonly number[]): number {
  const isa = addon.info().isas.at(-1)!;
  const backend = new Counting(addon, isa, 1, 'test');
  const session = Session.create(parseText(text), { backend });
  session.runSync({ x: tensorOf(dims) });
  session.dispose();
  return backend.linears;
}

const CASES: readonly (readonly [string, readonly number[], readonly number[], boolean])[] = [
  ['', [1, 5, 1, 1], [7, 5, 1, 1], true],
  ['', [3, 33, 1, 1], [65, 33, 1, 1], true],
  ['', [2, 5, 3, 2], [7, 5, 3, 2], true],
  ['', [2, 5, 4], [7, 5, 4], true],
  ['', [1, 5, 2, 1, 3], [7, 5, 2, 1, 3], true],
  ['strides = [2, 3]', [2, 5, 3, 2], [7, 5, 3, 2], true],
  ['auto_pad = "VALID"', [2, 5, 3, 2], [7, 5, 3, 2], true],
  ['pads = [0, 0, 1, 0]', [2, 5, 3, 2], [7, 5, 3, 2], false],
  ['pads = [0, 0, 1, 0], dilations = [2, 1]', [2, 5, 2, 1], [7, 5, 2, 1], false],
  ['pads = [1, 0, 0, 0]', [2, 5, 1, 1], [7, 5, 1, 1], false],
  ['auto_pad = "SAME_UPPER"', [2, 5, 3, 2], [7, 5, 3, 2], false],
  ['group = 2', [1, 6, 1, 1], [4, 3, 1, 1], false],
  ['', [1, 5, 2, 2], [7, 5, 1, 1], false],
];

test('as the reference says, by a matrix where the window is the input', (t) => {
  for (const [attributes, dims, weights, single] of CASES) {
    const head = `x: input float[${dims.join(', ')}]\n${constant('w', weights, 1)}`;
    const bias = constant('b', [weights[0]!], 2);
    const node = attributes === '' ? 'Conv' : `Conv<${attributes}>`;
    for (const [text, name] of [
      [`${head}y = ${node}(x, w)`, 'alone'],
      [`${head}${bias}y = ${node}(x, w, b)`, 'bias'],
      [`${head}${bias}a = ${node}(x, w, b)\ny = Relu(a)`, 'activation'],
      [
        `${head}${bias}a = ${node}(x, w, b)\nr = Neg(x)\nv = ${node}(r, w)\ny = Add(a, v)`,
        'residual',
      ],
    ] as const) {
      const feeds = { x: tensorOf(dims, integers(dims, 9)) };
      const label = `${attributes} ${dims.join('x')} ${name}`;
      t.is(
        firstWrong(runEverywhere(text, feeds, { opset: 20 }), () => 0),
        undefined,
        label,
      );
      t.is(linears(text, dims), single ? (name === 'residual' ? 2 : 1) : 0, label);
    }
  }
});

test('weights of a run and slopes by channel stay with the convolution', (t) => {
  const dims = [5, 5, 1, 1];
  const head = `x: input float[${dims.join(', ')}]\n${constant('w', [5, 5, 1, 1], 1)}`;
  for (const tail of [
    'y = Conv(x, x)',
    `${constant('s', [5, 1, 1], 2)}a = Conv(x, w)\ny = PRelu(a, s)`,
  ]) {
    const feeds = { x: tensorOf(dims, integers(dims, 9)) };
    t.is(
      firstWrong(runEverywhere(head + tail, feeds, { opset: 20 }), () => 0),
      undefined,
      tail,
    );
    t.is(linears(head + tail, dims), 0, tail);
  }
});

test('a layer and a convolution of one node are kept apart', (t) => {
  const text = `x: input float[1, 2, N, N]\n${constant('w', [3, 2, 2, 2], 1)}y = Conv(x, w)`;
  for (const backend of nativeBackends) {
    const make = (): Session => Session.create(parseText(text), { backend });
    const session = make();
    for (const size of [2, 4, 2, 4, 2]) {
      const dims = [1, 2, size, size];
      const feeds = { x: tensorOf(dims, integers(dims, size)) };
      t.deepEqual(session.runSync(feeds), make().runSync(feeds));
    }
    session.dispose();
  }
});
