import test from 'ava';

import { overridableInputs, randomInputs } from '#convfuse/api/random-inputs.js';
import { parseText } from '#convfuse/ir/text.js';
import { requiredInputs } from '#convfuse/ir/view.js';

test('inputs follow their declarations, an unknown batch counts as 1', (t) => {
  const model = parseText(`
    x: input float[N, 3, 4, 4]
    i: input int64[2]
    b: input bool[5]
    y = Relu(x)
    j = Identity(i)
    c = Not(b)`);
  const feeds = randomInputs(model, 5);
  t.deepEqual(feeds['x']?.dims, [1, 3, 4, 4]);
  t.is(feeds['x']?.type, 'float32');
  t.true(feeds['i']?.data instanceof BigInt64Array);
  t.true([...(feeds['b']?.data as Uint8Array)].every((bit) => bit <= 1));
});

test('a seed names the same numbers, another one others', (t) => {
  const model = parseText('x: input float[8]\ny = Relu(x)');
  t.deepEqual(randomInputs(model, 1), randomInputs(model, 1));
  t.notDeepEqual(randomInputs(model, 1), randomInputs(model, 2));
});

test('shapes can be given, and must be where they are not known', (t) => {
  const model = parseText('x: input float[N, 3, H, W]\ny = Relu(x)');
  t.deepEqual(randomInputs(model, 0, { x: [2, 3, 5, 7] })['x']?.dims, [2, 3, 5, 7]);
  t.throws(() => randomInputs(model, 0), {
    code: 'ERR_UNSUPPORTED',
    message: /input x.*--input-shape/,
  });
});

test('names like __proto__ are only names', (t) => {
  const model = parseText('"__proto__": input float[2, H]\ny = Relu("__proto__")');
  t.throws(() => randomInputs(model, 0), { code: 'ERR_UNSUPPORTED' });
});

test('initializers that are inputs need not be fed, but may be', (t) => {
  const model = parseText('x: input float[2]\nw: input float[2] = {1, 2}\ny = Add(x, w)');
  t.deepEqual(
    requiredInputs(model.graph).map(({ name }) => name),
    ['x'],
  );
  t.deepEqual(
    overridableInputs(model).map(({ name }) => name),
    ['w'],
  );
});
