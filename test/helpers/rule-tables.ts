// Tables of models that rules must leave alone, or must rewrite, as tests.

import test from 'ava';

import { parseText, printText } from '#convfuse/ir/text.js';
import type { Level, Reason, Rule } from '#convfuse/rewrite/rule.js';
import { RULES } from '#convfuse/rules/index.js';
import { compareFused, inferredFacts } from './compare-fused.js';
import { rewriteChecked, siteLines } from './rewrite-text.js';

/** Name, model, and the reason that its last site gives; undefined: it has no site at all. */
export type Kept = readonly [string, string, Reason | undefined];

/** Name, model, and its nodes afterwards. */
export type Fused = readonly [string, string, string];

/**
 * Folded weights and biases are each off by u = 2^-24 of themselves. Sums of some tens of them
 * cancel to a tenth of their terms at worst here; a wrong formula is off by more than 1e-3.
 */
const TOLERANCE = 2 ** -19;

export function testKept(
  table: readonly Kept[],
  level: Level = 'basic',
  rules: readonly Rule[] = RULES,
): void {
  for (const [name, text, reason] of table) {
    test(`kept at level ${level}: ${name}`, (t) => {
      const model = parseText(text);
      const before = printText(model);
      const sites = rewriteChecked(model, rules, { level, facts: inferredFacts() });
      // Not t.is: the difference would print every weight.
      t.true(printText(model) === before, siteLines(sites).join('\n'));
      t.false(model.changed);
      t.is(sites.at(-1)?.reason, reason, siteLines(sites).join('\n'));
    });
  }
}

/** Both sides run in double, so that nothing but the rounding of folded constants is between them. */
export function testFused(table: readonly Fused[], level: Level = 'basic'): void {
  for (const [name, text, nodes] of table) {
    test(`fused at level ${level}: ${name}`, (t) => {
      const result = compareFused(text, RULES, { level });
      const lines = siteLines(result.sites).join('\n');
      t.is(result.nodes, nodes, lines);
      t.true(result.error <= TOLERANCE, `${result.error}\n${lines}`);
      for (const { check, rule, verdict } of result.sites) {
        if (verdict === 'skipped') continue;
        if (check !== undefined) t.true(check(3).error <= 1, rule);
        else t.regex(rule, /^eliminate|pad/);
      }
      const again = parseText(printText(result.model));
      rewriteChecked(again, RULES, { level, facts: inferredFacts() });
      t.false(again.changed, 'a second time finds nothing more');
    });
  }
}
