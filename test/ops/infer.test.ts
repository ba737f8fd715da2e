import test from 'ava';

import { parseText, type TextOptions } from '#convfuse/ir/text.js';
import { constantNumbers } from '#convfuse/ops/facts.js';
import { Inference, type InferenceOptions } from '#convfuse/ops/infer.js';
import type { ValueFacts } from '#convfuse/ops/operator.js';

function facts(
  text: string,
  name: string,
  options: InferenceOptions = {},
  textOptions: TextOptions = {},
): ValueFacts {
  return new Inference(options).facts(parseText(text, textOptions).graph.values.get(name)!);
}

test('symbols follow a value through what does not change it', (t) => {
  const text = `
    x: input float[N, 3, H, W]
    W: float[8, 3, 3, 3]
    a = Conv<pads = [1, 1, 1, 1]>(x, W)
    b = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(a)
    c = GlobalAveragePool(b)
    y = Flatten(c)
  `;
  t.deepEqual(facts(text, 'a').dims, ['N', 8, 'H', 'W']);
  t.deepEqual(facts(text, 'b').dims, ['N', 8, undefined, undefined]);
  t.deepEqual(facts(text, 'y').dims, ['N', 8]);
  const inputDims = new Map([['x', [2, 3, 9, 9]]]);
  t.deepEqual(facts(text, 'b', { inputDims }).dims, [2, 8, 4, 4]);
});

test('an unknown batch may be given, or stays unknown under a name of its own', (t) => {
  const text = 'x: input float[?, 3, 4]\ny = Relu(x)';
  t.deepEqual(facts(text, 'y').dims, ['x#0', 3, 4]);
  t.deepEqual(facts(text, 'y', { unknownBatch: 1 }).dims, [1, 3, 4]);
});

test('shape arithmetic makes Reshape known, even for an unknown batch', (t) => {
  const text = `
    x: input float[N, 8, 4, 4]
    shape = Shape(x)
    zero: int64[] = {0}
    axis: int64[1] = {0}
    rest: int64[1] = {-1}
    batch = Gather(shape, zero)
    row = Unsqueeze(batch, axis)
    target = Concat<axis = 0>(row, rest)
    y = Reshape(x, target)
  `;
  t.deepEqual(facts(text, 'target').elements, ['N', -1]);
  t.deepEqual(facts(text, 'y').dims, ['N', 128]);
  t.deepEqual(facts(text, 'y', { unknownBatch: 2 }).dims, [2, 128]);
});

test('Slice and Cast keep the elements of shapes', (t) => {
  const text = `
    x: input float[N, 3, 4, 5]
    shape = Shape(x)
    from: int64[1] = {2}
    to: int64[1] = {4}
    hw = Slice(shape, from, to)
    n: int64[1] = {0}
    one: int64[1] = {1}
    head = Slice(shape, n, one)
    narrow = Cast<to = 6>(head)
    back = Cast<to = 7>(narrow)
    size = ReduceProd(hw)
    y = Concat<axis = 0>(back, size)
  `;
  t.deepEqual(constantNumbers(facts(text, 'hw')), [4, 5]);
  t.deepEqual(facts(text, 'y').elements, ['N', 20]);
  t.is(facts(text, 'narrow').type, 'int32');
});

test('small constants are computed, large ones and run-time values are not', (t) => {
  const text = `
    a: float[2] = {1, 2}
    b = Mul(a, a)
    x: input float[2]
    c = Add(b, x)
    large: float[2000]
    d = Neg(large)
  `;
  t.deepEqual(constantNumbers(facts(text, 'b')), [1, 4]);
  t.is(facts(text, 'c').constant, undefined);
  t.deepEqual(facts(text, 'd'), { type: 'float32', dims: [2000] });
});

test('an overridable initializer is no constant, unless the caller says that it holds', (t) => {
  const text = 's: input int64[1] = {3}\ny = ConstantOfShape(s)';
  t.is(facts(text, 'y').dims, undefined);
  t.deepEqual(facts(text, 'y', {}, { irVersion: 3 }).dims, [3]);
  t.deepEqual(facts(text, 'y', { overridden: new Set() }).dims, [3]);
});

test('declarations count only where asked for, and where nothing was inferred', (t) => {
  const text = 'a = com.other.Op(x)\na: float[1, 2]\ny = Relu(a)\ny: float[7]';
  t.is(facts(text, 'y').dims, undefined);
  t.deepEqual(facts(text, 'y', { declarations: true }).dims, [1, 2]);
});

test('nodes that break the rules throw, or are unknown to a lenient question', (t) => {
  const text = 'x: input float[1, 1, 2, 2]\nw: float[1, 1, 5, 5]\na = Conv(x, w)\ny = Relu(a)';
  t.throws(() => facts(text, 'y'), { code: 'ERR_ARGUMENT', message: /^Conv a:/ });
  t.deepEqual(facts(text, 'y', { lenient: true }), { type: undefined, dims: undefined });
  t.throws(() => facts('y = Relu(x, x)', 'y'), { code: 'ERR_MODEL', message: /2 inputs/ });
});

test('a function that hides an operator has a meaning of its own', (t) => {
  const text = 'function Relu { y = Shape(x) }\ny = Relu(x)';
  t.is(facts(text, 'y').dims, undefined);
});

test('a chain far deeper than the call stack', (t) => {
  const lines = ['x: input float[2]', 'v0 = Relu(x)'];
  for (let i = 1; i < 20_000; i++) lines.push(`v${i} = Relu(v${i - 1})`);
  t.deepEqual(facts(lines.join('\n'), 'v19999').dims, [2]);
});
