// Covers docs/rules.md and scripts/render-rules.mjs: what is written about the rules is true.

import { readFileSync } from 'node:fs';

import test from 'ava';

import { REASONS } from '#convfuse/rewrite/reasons.js';
import { defineRule, type Rule } from '#convfuse/rewrite/rule.js';
import { ALL_RULES as RULES } from '#convfuse/rules/index.js';

type Peers = Readonly<Record<string, readonly string[]>>;

// From out/test/rules to the root.
const root = new URL('../../../', import.meta.url);
const { renderRules } = (await import(new URL('scripts/render-rules.mjs', root).href)) as {
  renderRules(rules: readonly Rule[], reasons: object, peers?: Peers): string;
};
const { PEER_TABLE } = (await import(new URL('scripts/peers.mjs', root).href)) as {
  PEER_TABLE: Peers;
};

const another = defineRule({
  name: 'fuse-nothing',
  level: 'extended',
  doc: 'a | b',
  roots: ['Relu'],
  match: () => undefined,
  conditions: [],
  rewrite: (match) => match,
  example: { before: 'y = Relu(x)', after: 'y = Relu(x)' },
});

test('docs/rules.md is what the rule table says: npm run docs:rules', (t) => {
  const text = readFileSync(new URL('docs/rules.md', root), 'utf8');
  t.true(renderRules(RULES, REASONS) === text, 'docs/rules.md is stale');
});

test('a rule more, or other words, make another text', (t) => {
  const text = renderRules(RULES, REASONS);
  const row = Array.from({ length: 8 }, () => 'a | b');
  const peers = { ...PEER_TABLE, [another.name]: row };
  const longer = renderRules([...RULES, another], REASONS, peers);
  t.true(longer.length > text.length);
  t.true(longer.includes('## fuse-nothing\n\nLevel extended, tried at Relu.'));
  t.true(longer.includes('| [fuse-nothing](#fuse-nothing) | a \\| b | '));
  t.not(renderRules(RULES, { ...REASONS, cost: 'Too dear.' }), text);
});

/** Fusions that some peer is known to do, and the one thing that none does: by the row, a cell of it. */
const KNOWN: readonly (readonly [string, RegExp])[] = [
  ['fuse-batch-norm-into-conv', /\| yes \|/],
  ['fuse-batch-norm-into-conv-transpose', /grouped/],
  ['fuse-mul-into-conv', /Div too/],
  ['fuse-add-into-conv', /Sub too/],
  ['fuse-batch-norm-before-conv', /\| yes \|/],
  ['fuse-mul-before-conv', /\| yes \|/],
  ['fuse-pad-into-conv', /\| yes \|/],
  ['fuse-activation-into-conv', /Mish/],
  ['merge-sibling-convs', /groups = 1/],
  ['merge-parallel-conv-sum', /in model code/],
  ['a reason for every site left alone', /(\| no ){8}\|$/],
];

test('what peers are known to do, and not to do, has its row', (t) => {
  const lines = renderRules(RULES, REASONS).split('\n');
  for (const [name, cell] of KNOWN) {
    const row = lines.find((line) => line.startsWith(`| [${name}](#`));
    t.regex(row ?? '', cell, name);
  }
});

test('every rule has its row among the peers, and no row is left over', (t) => {
  t.throws(() => renderRules([...RULES, another], REASONS), { message: /no row for rule fuse-n/ });
  t.throws(() => renderRules(RULES.slice(1), REASONS), { message: /which is no rule/ });
  const cut = { ...PEER_TABLE, [RULES[0]!.name]: ['yes'] };
  t.throws(() => renderRules(RULES, REASONS, cut), { message: /1 cells for/ });
});
