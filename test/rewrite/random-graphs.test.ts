// Random networks through the real rule table: what must hold whatever the rules do.

import test from 'ava';
import fc from 'fast-check';

import { parseText, printText } from '#convfuse/ir/text.js';
import type { Node } from '#convfuse/ir/node.js';
import { RULES } from '#convfuse/rules/index.js';
import { Random } from '#convfuse/tensor/random.js';
import { hold } from '../helpers/hold.js';
import { fingerprint } from '../helpers/fingerprint.js';
import { randomGraph } from '../helpers/random-graph.js';
import { rewriteChecked, siteLines } from '../helpers/rewrite-text.js';

const RUNS = 300;

/** Networks that shrink to the shortest one which still fails. */
const texts = fc
  .tuple(fc.integer({ min: 1 }), fc.integer({ min: 1, max: 25 }), fc.boolean())
  .map(([seed, steps, hostile]) => randomGraph(seed, { steps, hostile }));

const OPTIONS = { level: 'extended', allowGrowth: true } as const;

test('rewriting keeps the invariants, and a second time finds nothing more', (t) => {
  let fused = 0;
  hold(
    texts,
    (text) => {
      const model = parseText(text);
      const outputs = model.graph.outputs.map(({ name }) => name);
      const sites = rewriteChecked(model, RULES, OPTIONS); // checks after each rewrite
      fused += sites.filter(({ verdict }) => verdict === 'fused').length;
      const after = model.graph.outputs.map(({ name }) => name);
      if (after.join() !== outputs.join()) throw new Error(`outputs are ${after.join()}`);
      const again = parseText(printText(model));
      const more = rewriteChecked(again, RULES, OPTIONS);
      if (again.changed) throw new Error(siteLines(more).join('\n'));
    },
    RUNS,
  );
  t.true(fused > RUNS, `${fused} rewrites in ${RUNS} networks`);
});

test('every batch norm has one verdict, fused or not', (t) => {
  hold(
    texts,
    (text) => {
      const model = parseText(text);
      const norms = new Set<string>();
      for (const graph of model.graphs()) {
        for (const node of graph.nodes()) {
          if (node.opType === 'BatchNormalization') norms.add(node.label);
        }
      }
      const sites = rewriteChecked(model, RULES, OPTIONS).map(({ node }) => node);
      for (const norm of norms) {
        const count = sites.filter((node) => node === norm).length;
        if (count !== 1) throw new Error(`${norm} has ${count} verdicts`);
      }
    },
    RUNS,
  );
  t.pass();
});

test('the result does not depend on which legal order the nodes stand in', (t) => {
  hold(fc.tuple(texts, fc.integer()), ([text, seed]) => keepsResult(text, seed), RUNS);
  t.pass();
});

// Which siblings go first decides what a batch norm folds into, and so who is a sibling next.
test('siblings behind a batch norm join those before it, whichever stand first', (t) => {
  const text = `
    x: input float[1, 4, 6, 6]
    y = Relu(x)
    n = BatchNormalization(y, g, b, m, v)
    a = Conv(n, A)
    c = Conv(n, C)
    d = Conv(y, D)
    e = Conv(y, E)`;
  for (let seed = 0; seed < 20; seed++) keepsResult(text, seed);
  const model = parseText(text);
  rewriteChecked(model, RULES, OPTIONS);
  t.is([...model.graph.nodes()].filter(({ opType }) => opType === 'Conv').length, 1);
});

/** Throws unless a text and one of its other legal orders come to the same. */
function keepsResult(text: string, seed: number): void {
  const model = parseText(text);
  const shuffled = parseText(shuffleNodes(text, new Random(seed)));
  rewriteChecked(model, RULES, OPTIONS);
  rewriteChecked(shuffled, RULES, OPTIONS);
  const [one, other] = [fingerprint(model), fingerprint(shuffled)];
  for (const [name, digest] of Object.entries(one)) {
    if (other[name] !== digest) throw new Error(`${name} differs`);
  }
}

/** The same text with its nodes in another order in which everything is defined before its use. */
function shuffleNodes(text: string, random: Random): string {
  const lines = text.split('\n');
  const isNode = (line: string): boolean => /^(\[\w+\] )?[\w, ]+ = /.test(line);
  const nodeLines = lines.filter(isNode);
  const { graph } = parseText(text);
  const nodes = [...graph.nodes()];
  const line = new Map<Node, string>(nodes.map((node, index) => [node, nodeLines[index]!]));
  const waiting = new Map<Node, Set<Node>>(nodes.map((node) => [node, new Set()]));
  for (const node of nodes) {
    for (const value of node.namedOutputs) {
      for (let user of value.uses.keys()) {
        while (user.graph !== graph) user = user.graph.owner!;
        waiting.get(user)!.add(node);
      }
    }
  }
  const order: string[] = [];
  while (waiting.size > 0) {
    const ready = [...waiting].filter(([, needs]) => needs.size === 0).map(([node]) => node);
    const node = ready[random.integer(0, ready.length - 1)]!;
    waiting.delete(node);
    for (const needs of waiting.values()) needs.delete(node);
    order.push(line.get(node)!);
  }
  return [...lines.filter((one) => !isNode(one)), ...order].join('\n');
}
