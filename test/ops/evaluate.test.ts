import test from 'ava';

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { constantOf } from '#convfuse/ir/constant.js';
import { parseText } from '#convfuse/ir/text.js';
import { evaluateConstants } from '#convfuse/ops/evaluate.js';
import { tensorOf } from '../helpers/run-text.js';

const node = (text: string) => parseText(text).graph.first!;

test('one node, on constants, rounded to its type', (t) => {
  const half = constantOf(tensorOf([1], [0x3c01], 'float16'));
  const [product] = evaluateConstants(node('y = Mul(a, b)'), [half, half], 'float64');
  t.deepEqual(product, { type: 'float16', dims: [1], data: Uint16Array.of(0x3c02) });
});

test('what needs a backend says so when there is none', (t) => {
  const a = constantOf(tensorOf([1, 1], [2]));
  const product = node('y = MatMul(a, b)');
  t.throws(() => evaluateConstants(product, [a, a], 'float32'), { code: 'ERR_UNSUPPORTED' });
  const backend = new ReferenceBackend('test');
  t.deepEqual(evaluateConstants(product, [a, a], 'float32', backend)[0]!.data, Float32Array.of(4));
});

test('unknown operators and bodies are refused', (t) => {
  t.throws(() => evaluateConstants(node('y = StringNormalizer(a)'), [], 'float32'), {
    code: 'ERR_UNSUPPORTED',
    message: 'operator StringNormalizer of y is not supported',
  });
  const flag = constantOf(tensorOf([], [1], 'bool'));
  const branch = node('y = If<then_branch = { a = Neg(x) }, else_branch = { b = Abs(x) }>(c)');
  t.throws(() => evaluateConstants(branch, [flag], 'float32'), { code: 'ERR_UNSUPPORTED' });
});
