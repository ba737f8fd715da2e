import test from 'ava';
import fc from 'fast-check';

import {
  ACTIVATION_KINDS,
  defaultParameters,
  type Activation,
  type ActivationTail,
} from '#convfuse/backend/activation.js';
import type { Backend, ConvKernel, ConvSpec, Precision } from '#convfuse/backend/backend.js';
import { ReferenceConv } from '#convfuse/backend/reference/conv.js';
import { loadAddon } from '#convfuse/backend/native/binding.js';
import { NativeBackend } from '#convfuse/backend/native/index.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import { gammaOf } from '../../helpers/bounds.js';
import {
  convByDefinition,
  convCases,
  difference,
  exactResult,
  type ConvCase,
} from '../../helpers/conv-case.js';

const loaded = loadAddon();
if ('reason' in loaded) throw new Error(loaded.reason);
const { addon } = loaded;

/** Every ISA of this CPU, with a number of threads each. */
const backends: readonly Backend[] = addon
  .info()
  .isas.map((isa, i) => new NativeBackend(addon, isa, 1 + (i % 3), 'test'));

function runSync(conv: ConvKernel, made: ConvCase): Float32Array {
  const out = new Float32Array(elementCount(conv.outputDims(made.dims))).fill(NaN);
  conv.runSync({ ...made, out });
  return out;
}

test('whole numbers: every ISA gives exactly the definition, sync and async', async (t) => {
  await fc.assert(
    fc.asyncProperty(convCases(true), async (made) => {
      const expected = exactResult(made);
      for (const backend of backends) {
        const conv = backend.conv(made.spec);
        t.is(difference(runSync(conv, made), expected), undefined, backend.isa);
        t.is(difference((await conv.run(made)) as Float32Array, expected), undefined, backend.isa);
        conv.dispose();
      }
    }),
    { numRuns: 300, seed: 31 },
  );
});

/** A factor and a shift that are at most 1, and limits. */
const tails: fc.Arbitrary<ActivationTail> = fc.record({
  scale: fc.constantFrom(1, 0.75, -0.5),
  shift: fc.constantFrom(-0, 0.625, -1),
  low: fc.constantFrom(-Infinity, -1.5, 0),
  high: fc.constantFrom(Infinity, 3, -2),
});

const activations: fc.Arbitrary<Activation> = fc
  .tuple(
    fc.constantFrom(...ACTIVATION_KINDS),
    fc.double({ min: 0.01, max: 0.5, noNaN: true }),
    fc.option(tails, { nil: undefined }),
  )
  .map(([kind, slope, tail]) => ({
    kind,
    tail,
    ...defaultParameters(kind),
    ...(kind === 'clip' ? { alpha: -1, beta: 2 } : {}),
    ...(kind === 'prelu' ? { slope: Float32Array.of(slope) } : {}),
  }));

/**
 * No activation is steeper than 1.1, so that it passes on at most 1.1 of the sum's error; its own
 * vector polynomial adds a few units in the last place of its result or, where it is nearly 0, of
 * its operand.
 */
test('any numbers: the error of a dot product, plus that of the activation', (t) => {
  fc.assert(
    fc.property(
      convCases(false, activations),
      fc.constantFrom<Precision>('strict', 'default'),
      (made, precision) => {
        const spec: ConvSpec = { ...made.spec, precision };
        const { absolute, sum, terms } = convByDefinition(spec, made.dims, made.x);
        const expected = new Float64Array(sum.length);
        const wide: ConvSpec = {
          ...spec,
          weight: Float64Array.from(spec.weight),
          bias: spec.bias && Float64Array.from(spec.bias),
        };
        new ReferenceConv(wide).runSync({
          x: Float64Array.from(made.x),
          dims: made.dims,
          out: expected,
          residual: made.residual && Float64Array.from(made.residual),
        });
        // A result of 0 may be what is left of a shift, or a limit.
        const shift = spec.activation.tail === undefined ? 0 : 2;
        const plane = sum.length / (made.dims[0]! * spec.outputChannels);
        for (const backend of backends) {
          const conv = backend.conv(spec);
          const actual = runSync(conv, made);
          conv.dispose();
          for (let i = 0; i < actual.length; i++) {
            const channel = Math.floor(i / plane) % spec.outputChannels;
            const terms2 =
              absolute[i]! +
              Math.abs(spec.bias?.[channel] ?? 0) +
              Math.abs(made.residual?.[i] ?? 0);
            const bound =
              1.1 * gammaOf(terms + 4) * terms2 +
              8 * 2 ** -24 * (Math.abs(expected[i]!) + shift) +
              2 ** -126;
            const error = Math.abs(actual[i]! - expected[i]!);
            if (!(error <= bound)) {
              t.fail(`${backend.isa} ${conv.outputDims(made.dims).join('x')}: ${error} > ${bound}`);
              return;
            }
          }
        }
      },
    ),
    { numRuns: 200, seed: 32 },
  );
  t.pass();
});

test('the same bits for any number of threads, and from async', async (t) => {
  const [made] = fc.sample(convCases(false), { numRuns: 1, seed: 5 });
  for (const { isa } of backends) {
    const results = [];
    for (const threads of [1, 2, 3, 8]) {
      const conv = new NativeBackend(addon, isa, threads, 'test').conv(made!.spec);
      results.push(runSync(conv, made!), await conv.run(made!));
    }
    for (const result of results) t.is(difference(result, results[0]!), undefined);
  }
});

test('NaN reaches exactly the outputs that see it', (t) => {
  const spec: ConvSpec = {
    weight: new Float32Array(5 * 2 * 9).fill(1),
    bias: undefined,
    inputChannels: 2,
    outputChannels: 5,
    groups: 1,
    window: {
      kernel: [3, 3],
      strides: [1, 1],
      dilations: [1, 1],
      padding: { begin: [1, 1], end: [1, 1] },
    },
    transposed: undefined,
    activation: { kind: 'relu', alpha: 0, beta: 0 },
    precision: 'strict',
    threads: undefined,
  };
  const dims = [1, 2, 7, 21];
  for (const backend of [...backends]) {
    const conv = backend.conv(spec);
    for (const at of [0, 20, 21, 70, 146, 147, 293]) {
      const x = new Float32Array(294).fill(1);
      x[at] = NaN;
      const out = runSync(conv, { spec, dims, x, residual: undefined });
      const [row, col] = [Math.floor((at % 147) / 21), at % 21];
      for (let i = 0; i < out.length; i++) {
        const [r, c] = [Math.floor((i % 147) / 21), i % 21];
        const sees = Math.abs(r - row) <= 1 && Math.abs(c - col) <= 1;
        if (Number.isNaN(out[i]) !== sees) t.fail(`${backend.isa} NaN at ${at}, output ${i}`);
      }
    }
  }
  t.pass();
});

test('views of any alignment give the same bits', (t) => {
  const [made] = fc.sample(convCases(false), { numRuns: 1, seed: 6 });
  const { spec, dims, x } = made!;
  const plain = { ...made!, residual: undefined };
  for (const backend of backends) {
    const conv = backend.conv(spec);
    const expected = runSync(conv, plain);
    for (let offset = 0; offset < 64; offset += 4) {
      const moved = new Float32Array(new ArrayBuffer(x.byteLength + 64), offset, x.length);
      moved.set(x);
      const out = new Float32Array(
        new ArrayBuffer(expected.byteLength + 128),
        offset + 4,
        expected.length,
      );
      conv.runSync({ x: moved, dims, out });
      t.is(difference(out, expected), undefined);
      const before = new Float32Array(out.buffer, offset, 1);
      t.is(before[0], 0, 'nothing is written before the output');
      const after = new Float32Array(out.buffer, offset + 4 + expected.byteLength, 8);
      t.true(
        after.every((value) => value === 0),
        'nor after it',
      );
    }
  }
});

test('empty batches and inputs work as in the reference', async (t) => {
  const [made] = fc.sample(convCases(true), { numRuns: 1, seed: 8 });
  const conv = backends[0]!.conv(made!.spec);
  const dims = [0, ...made!.dims.slice(1)];
  t.deepEqual(await conv.run({ x: new Float32Array(0), dims }), new Float32Array(0));
  t.is(typeof conv.algorithm(dims), 'string');
});

test('a disposed convolution says so', async (t) => {
  const [made] = fc.sample(convCases(true), { numRuns: 1, seed: 9 });
  const conv = backends[0]!.conv(made!.spec);
  const running = conv.run(made!);
  conv.dispose();
  t.is(difference(await running, exactResult(made!)), undefined);
  t.throws(() => runSync(conv, made!), { code: 'ERR_DISPOSED' });
  await t.throwsAsync(conv.run(made!), { code: 'ERR_DISPOSED' });
});
