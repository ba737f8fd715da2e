import test from 'ava';

import { parseText } from '#convfuse/ir/text.js';
import { meaningOf, unsupportedOperators } from '#convfuse/runtime/functions.js';

test('a function hides an operator of its name', (t) => {
  const model = parseText('function Relu { r = Neg(p) }\ny = Relu(x)');
  const meaning = meaningOf(model.graph.first!);
  t.deepEqual(meaning?.inputs, [0, 1]);
  t.is(meaningOf(parseText('y = Relu(x)').graph.first!)?.opType, 'Relu');
});

test('operators in functions count, and so do attributes bound to a call', (t) => {
  const model = parseText('function local.f { r = Einsum(p) }\ny = local.f(x)');
  t.deepEqual(unsupportedOperators(model.graph), ['Einsum of opset 17']);
  const bound = parseText(
    'function local.f { r = LeakyRelu<alpha: float = @a>(p) }\ny = local.f(x)',
  );
  t.deepEqual(unsupportedOperators(bound.graph), ['LeakyRelu with an attribute of its function']);
});

test('functions that call themselves are refused', (t) => {
  const model = parseText('function local.f { r = local.f(p) }\ny = local.f(x)');
  t.throws(() => unsupportedOperators(model.graph), { code: 'ERR_MODEL', message: /calls itself/ });
});
