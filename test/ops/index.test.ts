import test from 'ava';

import { parseText } from '#convfuse/ir/text.js';
import { OPERATORS, operatorOf } from '#convfuse/ops/index.js';
import { LATEST_OPSET } from '#convfuse/ops/schema.js';

test('no two operators claim one name and opset', (t) => {
  for (const [i, a] of OPERATORS.entries()) {
    t.true(a.since >= 1 && a.until <= LATEST_OPSET && a.since <= a.until, a.opType);
    for (const b of OPERATORS.slice(i + 1)) {
      const apart = a.opType !== b.opType || a.until < b.since || b.until < a.since;
      t.true(apart, a.opType);
    }
  }
});

test('an operator is known in the opsets that have it, and by no other domain', (t) => {
  const known = (text: string, opset: number): boolean =>
    operatorOf(parseText(text, { opset }).graph.first!) !== undefined;
  t.true(known('y = Relu(x)', 1));
  t.true(known('y = Relu(x)', LATEST_OPSET));
  t.false(known('y = Relu(x)', LATEST_OPSET + 1));
  t.false(known('y = Gelu(x)', 19));
  t.true(known('y = Gelu(x)', 20));
  t.false(known('y = Crop<border = [0, 0, 0, 0]>(x)', 13));
  t.false(known('y = com.microsoft.Relu(x)', 17));
});
