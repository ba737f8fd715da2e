import test from 'ava';

import { checkModel, problemsOf } from '#convfuse/ir/check.js';
import type { Model } from '#convfuse/ir/model.js';
import { parseText } from '#convfuse/ir/text.js';
import type { Value } from '#convfuse/ir/value.js';

const TEXT = `c: input bool[]
  y = Conv(x, W)
  z = Relu(y)
  q = If<then_branch = { k = Abs(y); l = Neg(k) }>(c)
  f = local.f(q)
  function local.f { o = Relu(p) }`;

const found = (model: Model, name: string): Value =>
  [...model.graphs()].map((graph) => graph.values.get(name)).find((value) => value !== undefined)!;

test('a sound model has no problems', (t) => {
  const model = parseText(TEXT);
  t.deepEqual(problemsOf(model), []);
  checkModel(model);
});

type Breakage = (model: Model, value: (name: string) => Value) => unknown;

const BREAKAGES: readonly [RegExp, Breakage][] = [
  [/uses of y are miscounted/, (_, value) => value('y').uses.clear()],
  [/uses of y are miscounted/, (_, value) => value('y').uses.set(value('z').producer!, 2)],
  [/uses of x are miscounted/, (_, value) => value('x').uses.set(value('z').producer!, 1)],
  [/y has another producer/, (_, value) => (value('y').producer = value('z').producer)],
  [/y has a false producer/, (_, value) => (value('y').producer!.outputs = [])],
  [/y has two origins/, (_, value) => (value('y').initializer = value('W').initializer)],
  [/nothing defines W/, (_, value) => (value('W').initializer = undefined)],
  [/y is not registered/, ({ graph }) => graph.values.delete('y')],
  [/y reads x, out of scope/, ({ graph }) => graph.values.delete('x')],
  [/z reads k, out of scope/, (_, value) => (value('z').producer!.inputs = [value('k')])],
  [/y is registered as other/, ({ graph }, value) => graph.values.set('other', value('y'))],
  [/name y counts as free/, (model) => model.names.delete('y')],
  [/x is no input of its graph/, (_, value) => (value('x').isInput = false)],
  [/W is no input of its graph/, (_, value) => (value('W').isInput = true)],
  [/input y is not one of main/, ({ graph }, value) => graph.inputs.push(value('y'))],
  [/output W of main/, ({ graph }, value) => (graph.outputs = [value('W')])],
  [/counts its nodes wrongly/, ({ graph }) => (graph.nodeCount = 7)],
  [/ends elsewhere/, ({ graph }) => (graph.last = graph.first)],
  [/z has a wrong predecessor/, (_, value) => (value('z').producer!.previous = undefined)],
  [/y is removed but linked/, (_, value) => (value('y').producer!.removed = true)],
  [/repeats an output/, (_, value) => (value('y').producer!.outputs = [value('y'), value('y')])],
  [
    /function f has an initializer/,
    (_, value) => (value('p').initializer = value('W').initializer),
  ],
];

for (const [index, [message, breakage]] of BREAKAGES.entries()) {
  test(`breakage ${index}: finds that ${message.source}`, (t) => {
    const model = parseText(TEXT);
    breakage(model, (name) => found(model, name));
    t.regex(problemsOf(model).join('; '), message);
    t.throws(() => checkModel(model), { code: 'ERR_INTERNAL' });
  });
}

test('finds cycles, also through a body', (t) => {
  const cycle = parseText('a = Relu(b)\nb = Relu(a)\nc = Add(a, x)\nc: output');
  t.deepEqual(problemsOf(cycle), ['graph main has a cycle']);
  const nested = parseText('a = Op<g = { k = Relu(b) }>()\nb = Relu(a)\nb: output');
  t.deepEqual(problemsOf(nested), ['graph main has a cycle']);
  t.deepEqual(problemsOf(parseText('b = Relu(a)\na = Relu(x)')), []); // merely unsorted
});
