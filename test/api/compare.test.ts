import test from 'ava';

import { compareOutputs, defaultRtol } from '#convfuse/api/compare.js';
import { toFloat16 } from '#convfuse/tensor/half.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';

const tolerance = { rtol: 1e-4, atol: 0 };

function floats(...data: number[]): Tensor {
  return { type: 'float32', data: Float32Array.from(data), dims: [data.length] };
}

test('equal tensors pass without distance', (t) => {
  const result = compareOutputs(
    'y',
    floats(1, NaN, Infinity, -0),
    floats(1, NaN, Infinity, 0),
    tolerance,
  );
  t.true(result.equal);
  t.is(result.relL2, 0);
  t.is(result.worst, undefined);
});

test('the distance is relative to the whole tensor, and the worst element is named', (t) => {
  const result = compareOutputs('y', floats(3, 4, 0), floats(3, 4, 0.001), tolerance);
  t.false(result.equal);
  t.true(Math.abs(result.relL2 - 0.0002) < 1e-9);
  t.is(result.worst?.index, 2);
  t.is(result.worst?.expected, 0);
});

test('a distance just inside passes, just outside fails', (t) => {
  t.true(compareOutputs('y', floats(1e4), floats(1e4 + 0.9), tolerance).equal);
  t.false(compareOutputs('y', floats(1e4), floats(1e4 + 1.2), tolerance).equal);
});

test('atol lets small outputs pass', (t) => {
  t.false(compareOutputs('y', floats(0), floats(1e-9), tolerance).equal);
  t.true(compareOutputs('y', floats(0), floats(1e-9), { rtol: 1e-4, atol: 1e-8 }).equal);
});

test('NaN and infinities must stand at the same places', (t) => {
  for (const [a, b] of [
    [1, NaN],
    [NaN, 1],
    [Infinity, 1],
    [Infinity, -Infinity],
  ] as const) {
    const result = compareOutputs('y', floats(0, a), floats(0, b), { rtol: 1, atol: 1e30 });
    t.false(result.equal);
    t.is(result.worst?.index, 1);
  }
});

test('types and shapes must agree', (t) => {
  const ints: Tensor = { type: 'int32', data: Int32Array.of(1), dims: [1] };
  t.regex(compareOutputs('y', floats(1), ints, tolerance).problem ?? '', /type int32/);
  const column = { ...floats(1, 2), dims: [2, 1] };
  t.regex(compareOutputs('y', floats(1, 2), column, tolerance).problem ?? '', /shape/);
});

test('integers are compared exactly, and counted', (t) => {
  const big = (...values: bigint[]): Tensor => ({
    type: 'int64',
    data: BigInt64Array.from(values),
    dims: [values.length],
  });
  t.true(compareOutputs('y', big(1n, 2n), big(1n, 2n), tolerance).equal);
  const result = compareOutputs('y', big(1n, 2n, 3n), big(1n, 5n, 4n), tolerance);
  t.false(result.equal);
  t.regex(result.problem ?? '', /2 of 3 int64 elements differ/);
  t.is(result.worst?.index, 1);
});

test('float16 bits are read as numbers', (t) => {
  const half = (value: number): Tensor => ({
    type: 'float16',
    data: Uint16Array.of(toFloat16(value)),
    dims: [1],
  });
  const result = compareOutputs('y', half(1), half(1.5), { rtol: 0.4, atol: 0 });
  t.is(result.relL2, 0.5);
  t.false(result.equal);
  t.is(defaultRtol('float16'), 1e-2);
  t.is(defaultRtol('float32'), 1e-4);
});
