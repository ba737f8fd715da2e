import test from 'ava';

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import type { Graph } from '#convfuse/ir/graph.js';
import { parseText } from '#convfuse/ir/text.js';
import { Inference } from '#convfuse/ops/infer.js';
import { ConstantStore } from '#convfuse/runtime/constants.js';
import { Drafts } from '#convfuse/runtime/drafts.js';
import { runAll, tensorOf } from '../helpers/run-text.js';

const HEAD = 'x: input float[1]\nc: input bool[]\n';

/** Operators that the innermost body runs, as a session plans bodies. */
function bodySteps(text: string): readonly string[] {
  const model = parseText(HEAD + text);
  let body: Graph = model.graph;
  for (const inner of model.graph.withBodies()) body = inner;
  const fed = new Set(model.graph.inputs);
  const inference = new Inference({ overridden: fed, lenient: true });
  const store = new ConstantStore('float32', new ReferenceBackend('tests'));
  return new Drafts(body, inference, store, fed).steps.map(({ node }) => node.opType);
}

const branches = (then: string): string =>
  `y = If<then_branch = { ${then} }, else_branch = { r = Neg(x) }>(c)`;
/** Only the last body counts: both branches are the same. */
const both = (nodes: string): string =>
  `y = If<then_branch = { r = Neg(x) }, else_branch = { ${nodes} }>(c)`;

test('what outer nodes make of constants is one in a body too', (t) => {
  const weight = 'w0 = Constant<value = float[2] {1, 2}>()\n';
  t.deepEqual(bodySteps(`${weight}${both('v = Neg(w0); r = Mul(x, v)')}`), ['Mul']);
  const chain = `${weight}w1 = Neg(w0)\nw2, w3 = Split<axis = 0>(w1)\n`;
  t.deepEqual(bodySteps(`${chain}${both('v = Concat<axis = 0>(w3, w2); r = Mul(x, v)')}`), ['Mul']);
  const nested = both(`d = Not(c); r = If<then_branch = { p = Neg(x) },
    else_branch = { v = Exp(w1); q = Mul(x, v) }>(d)`);
  t.deepEqual(bodySteps(`${weight}w1 = Neg(w0)\n${nested}`), ['Mul']);
});

test('what outer nodes make of inputs is none', (t) => {
  t.deepEqual(bodySteps(`w = Neg(x)\n${both('v = Neg(w); r = Mul(x, v)')}`), ['Neg', 'Mul']);
  const given = 'k: input float[1] = {2}\nw = Neg(k)\n';
  t.deepEqual(bodySteps(`${given}${both('v = Neg(w); r = Mul(x, v)')}`), ['Neg', 'Mul']);
});

test('a body computes with outer constants, and with what a caller gave instead', (t) => {
  const text = `${HEAD}k: input float[1] = {2}\nn = Constant<value = float[1] {3}>()
    w = Mul(k, n)\nm = Neg(n)\n${branches('v = Add(w, m); r = Mul(x, v)')}`;
  const feeds = { x: tensorOf([1], [5]), c: tensorOf([], [1], 'bool') };
  t.deepEqual(runAll(text, feeds)['y']!.values, [15]);
  t.deepEqual(runAll(text, { ...feeds, k: tensorOf([1], [4]) })['y']!.values, [45]);
});

test('a chain of any length is walked so far and no further', (t) => {
  const links = Array.from({ length: 20_000 }, (_, i) => `w${i + 1} = Neg(w${i})\n`).join('');
  const text = `w0 = Constant<value = float[1] {1}>()\n${links}${both('r = Mul(x, w20000)')}`;
  t.deepEqual(bodySteps(text), ['Mul']);
});
