import test from 'ava';
import fc from 'fast-check';

import { ACTIVATION_KINDS } from '#convfuse/backend/activation.js';
import type { ScaleRowsRequest } from '#convfuse/backend/backend.js';
import { loadAddon } from '#convfuse/backend/native/binding.js';
import { NativeBackend } from '#convfuse/backend/native/index.js';
import { ReferenceConv } from '#convfuse/backend/reference/conv.js';
import { gemm } from '#convfuse/backend/reference/gemm.js';
import { scaleRows } from '#convfuse/backend/reference/scale-rows.js';
import type { FloatType } from '#convfuse/tensor/dtype.js';
import { toBfloat16, toFloat16 } from '#convfuse/tensor/half.js';
import { Random } from '#convfuse/tensor/random.js';
import { gammaOf } from '../../helpers/bounds.js';

const loaded = loadAddon();
if ('reason' in loaded) throw new Error(loaded.reason);
const { addon } = loaded;
const backends = addon.info().isas.map((isa) => new NativeBackend(addon, isa, 2, 'test'));

test('the two lists of activations are one', (t) => {
  t.deepEqual(addon.info().activations, [...ACTIVATION_KINDS]);
});

const FROM_DOUBLES: Readonly<
  Record<FloatType, (values: Float64Array) => ScaleRowsRequest['weight']>
> = {
  float32: (values) => Float32Array.from(values),
  float64: (values) => values,
  float16: (values) => Uint16Array.from(values, toFloat16),
  bfloat16: (values) => Uint16Array.from(values, toBfloat16),
};

const requests = fc
  .record({
    type: fc.constantFrom<FloatType>('float32', 'float64', 'float16', 'bfloat16'),
    groups: fc.constantFrom(1, 1, 2, 3),
    outer: fc.constantFrom(1, 1, 2, 5, 11),
    rows: fc.constantFrom(1, 2, 7, 8, 9, 19),
    cols: fc.constantFrom(0, 1, 1, 3, 4, 8, 9, 25, 64),
    seed: fc.nat(),
    spread: fc.constantFrom(0, 4, 20, 300),
  })
  .map(({ type, groups, outer, rows, cols, seed, spread }): ScaleRowsRequest => {
    const random = new Random(seed);
    const wide = (): number => random.normal() * 2 ** random.integer(-spread, spread);
    return {
      type,
      weight: FROM_DOUBLES[type](Float64Array.from({ length: groups * outer * rows * cols }, wide)),
      scale: Float64Array.from({ length: groups * rows }, wide),
      groups,
      outer,
      rows,
      cols,
    };
  });

/** The bits of an array, all NaN made alike: their payload is not part of the contract. */
function bits(array: Float32Array | Float64Array | Uint16Array): string {
  const numbers = array instanceof Uint16Array ? array : array.map((value) => value);
  return Buffer.from(numbers.buffer).toString('latin1');
}

test('scaleRows: every ISA gives the bits of the reference, sums included', (t) => {
  fc.assert(
    fc.property(requests, (request) => {
      const expected = scaleRows(request);
      for (const backend of backends) {
        const actual = backend.scaleRows(request);
        const same =
          bits(actual.weight) === bits(expected.weight) &&
          [...actual.loss].every((value, i) => Object.is(value, expected.loss[i])) &&
          [...actual.mass].every((value, i) => Object.is(value, expected.mass[i]));
        t.true(same, `${backend.isa} ${request.type}`);
      }
    }),
    { numRuns: 400, seed: 41 },
  );
});

test('gemm: exact on whole numbers, within the bound of a dot product otherwise', (t) => {
  const random = new Random(42);
  for (const [m, n, k] of [
    [1, 1, 1],
    [3, 17, 5],
    [33, 70, 129],
    [1, 1000, 64],
    [65, 1, 300],
  ] as const) {
    for (const mode of [0, 1, 2, 3]) {
      const shape = { m, n, k, transA: (mode & 1) !== 0, transB: (mode & 2) !== 0 };
      const whole = {
        a: random.integers(m * k, -9, 9),
        b: random.integers(k * n, -9, 9),
        alpha: 2,
        beta: -1,
        ...shape,
      };
      const start = random.integers(m * n, -9, 9);
      const expected = start.slice();
      gemm({ ...whole, c: expected });
      const any = { ...shape, a: random.normals(m * k), b: random.normals(k * n), beta: 0 };
      const sums = new Float64Array(m * n);
      gemm({ ...any, alpha: 1, c: sums });
      const absolute = new Float64Array(m * n);
      gemm({ ...any, a: any.a.map(Math.abs), b: any.b.map(Math.abs), alpha: 1, c: absolute });
      for (const backend of backends) {
        const c = start.slice();
        backend.gemm({ ...whole, c });
        t.deepEqual(c, expected, backend.isa);
        const product = new Float32Array(m * n).fill(NaN);
        backend.gemm({ ...any, alpha: 1, c: product });
        t.true(
          product.every((value, i) => Math.abs(value - sums[i]!) <= gammaOf(k + 2) * absolute[i]!),
          backend.isa,
        );
      }
    }
  }
});

test('gemm multiplies stacks of matrices', (t) => {
  const random = new Random(5);
  for (const [count, m, n, k] of [
    [0, 3, 4, 5],
    [1, 3, 4, 5],
    [3, 2, 5, 7],
    [3, 20, 65, 9],
    [2, 50, 50, 300],
  ] as const) {
    for (const mode of [0, 1, 2, 3]) {
      const call = {
        ...{ count, m, n, k, alpha: 1, beta: 1 },
        ...{ transA: (mode & 1) !== 0, transB: (mode & 2) !== 0 },
        a: random.integers(count * m * k, -9, 9),
        b: random.integers(count * k * n, -9, 9),
      };
      const start = random.integers(count * m * n, -9, 9);
      const expected = start.slice();
      gemm({ ...call, c: expected });
      for (const backend of backends) {
        const c = start.slice();
        backend.gemm({ ...call, c });
        t.deepEqual(c, expected, `${backend.isa} ${count} ${m} ${n} ${k}`);
      }
    }
  }
});

test('gemm without terms scales C', (t) => {
  const c = Float32Array.of(3);
  const empty = new Float32Array(0);
  const shape = { m: 1, n: 1, k: 0, transA: false, transB: false };
  backends[0]!.gemm({ a: empty, b: empty, c, ...shape, alpha: 1, beta: 2 });
  t.is(c[0], 6);
});

test('double weights go to the reference implementation', (t) => {
  const spec = {
    weight: Float64Array.of(1),
    bias: undefined,
    inputChannels: 1,
    outputChannels: 1,
    groups: 1,
    window: { kernel: [1], strides: [1], dilations: [1], padding: 'valid' as const },
    transposed: undefined,
    activation: { kind: 'identity' as const, alpha: 0, beta: 0 },
    precision: 'default' as const,
    threads: undefined,
  };
  t.true(backends[0]!.conv(spec) instanceof ReferenceConv);
});
