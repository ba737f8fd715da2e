// Graphs that must stay as they are; and no guard is without one that needs it.

import test from 'ava';

import { parseText } from '#convfuse/ir/text.js';
import type { Rule } from '#convfuse/rewrite/rule.js';
import { RULES } from '#convfuse/rules/index.js';

import { inferredFacts } from '../helpers/compare-fused.js';
import { rewriteChecked } from '../helpers/rewrite-text.js';
import { testKept } from '../helpers/rule-tables.js';
import { KEPT_BEFORE } from './kept-before.js';
import { KEPT_BEHIND } from './kept-behind.js';
import { KEPT_JOINS } from './kept-joins.js';
import { KEPT_SIBLINGS } from './kept-siblings.js';

testKept([...KEPT_BEHIND, ...KEPT_BEFORE]);
testKept([...KEPT_SIBLINGS, ...KEPT_JOINS], 'extended');

const KEPT = [
  ...[...KEPT_BEHIND, ...KEPT_BEFORE].map((kept) => ({ kept, level: 'basic' }) as const),
  ...[...KEPT_SIBLINGS, ...KEPT_JOINS].map((kept) => ({ kept, level: 'extended' }) as const),
];

const guards = new Set(RULES.flatMap(({ conditions }) => conditions.map(({ name }) => name)));

for (const guard of guards) {
  test(`without ${guard}, a graph that must stay does not`, (t) => {
    const without = RULES.map((rule): Rule => {
      const conditions = rule.conditions.filter(({ name }) => name !== guard);
      return { ...rule, conditions };
    });
    const missed = KEPT.filter(({ kept: [, text, reason], level }) => {
      const model = parseText(text);
      try {
        const sites = rewriteChecked(model, without, { level, facts: inferredFacts() });
        return model.changed || sites.at(-1)?.reason !== reason;
      } catch {
        return true;
      }
    });
    t.log(missed.map(({ kept }) => kept[0]).join('; '));
    t.true(missed.length > 0);
  });
}
