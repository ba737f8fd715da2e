import test from 'ava';

import { parseText } from '#convfuse/ir/text.js';
import { executionOrder } from '#convfuse/runtime/order.js';

const order = (text: string): string[] =>
  executionOrder(parseText(text).graph).map((node) => node.outputs[0]!.name);

test('the order of the file stays where it is one', (t) => {
  t.deepEqual(order('b = Exp(x)\na = Neg(x)\ny = Add(a, b)'), ['b', 'a', 'y']);
});

test('producers come first, also those that only a body reads', (t) => {
  t.deepEqual(order('y = Neg(a)\na = Exp(x)'), ['a', 'y']);
  const text =
    'y = If<then_branch = { p = Neg(a) }, else_branch = { q = Abs(x) }>(c)\na = Exp(x)\ny: output';
  t.deepEqual(order(text), ['a', 'y']);
});

test('a circle is refused', (t) => {
  t.throws(() => order('a = Add(x, b)\nb = Neg(a)\nb: output'), {
    code: 'ERR_MODEL',
    message: /depends on its own output/,
  });
});

test('a chain far deeper than the call stack', (t) => {
  const lines = ['v19999: output'];
  for (let i = 19_999; i >= 1; i--) lines.push(`v${i} = Relu(v${i - 1})`);
  t.is(order(lines.join('\n')).length, 19_999);
});
