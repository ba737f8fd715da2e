// Rule tables with a guard taken out, and the graphs of test/rules that notice.

import { parseText } from '#convfuse/ir/text.js';
import type { Site } from '#convfuse/rewrite/rewriter.js';
import type { RuleChoice } from '#convfuse/rewrite/rule-table.js';
import type { Rule } from '#convfuse/rewrite/rule.js';
import { ALL_RULES, ORT_RULES, RULES } from '#convfuse/rules/index.js';

import { BROKEN } from '../rules/broken-examples.js';
import { KEPT_BEFORE } from '../rules/kept-before.js';
import { KEPT_BEHIND } from '../rules/kept-behind.js';
import { KEPT_FUSED_CONVS } from '../rules/kept-fused-convs.js';
import { KEPT_JOINS } from '../rules/kept-joins.js';
import { KEPT_QUANTIZED } from '../rules/kept-quantized.js';
import { KEPT_SIBLINGS } from '../rules/kept-siblings.js';
import { KEPT_SUMS } from '../rules/kept-sums.js';
import { inferredFacts } from './compare-fused.js';
import { rewriteChecked } from './rewrite-text.js';
import type { Kept } from './rule-tables.js';

/** Graphs that must stay as they are, and the choice and the rules that the test for each has. */
const KEPT: readonly (readonly [readonly Kept[], RuleChoice, readonly Rule[]])[] = [
  [[...KEPT_BEHIND, ...KEPT_BEFORE], {}, RULES],
  [[...KEPT_SIBLINGS, ...KEPT_JOINS, ...KEPT_SUMS], { level: 'extended' }, RULES],
  [KEPT_FUSED_CONVS, {}, ORT_RULES],
  [KEPT_QUANTIZED, { quantized: true }, RULES],
];

const EVERYTHING: RuleChoice = { level: 'extended', quantized: true };

/** Every guard of a rule table, with the rules that have it. */
export function guardsOf(rules: readonly Rule[] = ALL_RULES): Map<string, string[]> {
  const guards = new Map<string, string[]>();
  for (const { name: rule, conditions } of rules) {
    for (const { name } of conditions) guards.set(name, [...(guards.get(name) ?? []), rule]);
  }
  return guards;
}

/** Names of the graphs that do not stay, or not for their reason, once rules lack a guard. */
export function noticing(guard: string, rules: ReadonlySet<string>): string[] {
  const without = (rule: Rule): Rule => {
    if (!rules.has(rule.name)) return rule;
    return { ...rule, conditions: rule.conditions.filter(({ name }) => name !== guard) };
  };
  const missed = KEPT.flatMap(([graphs, choice, table]) =>
    graphs.filter(([, text, reason]) => {
      const expected = (sites: readonly Site[]) => sites.at(-1)?.reason === reason;
      return !stays(text, table.map(without), choice, expected);
    }),
  );
  const broken = BROKEN.filter(
    ({ rule, guard: own, text, reason }) =>
      own === guard &&
      rules.has(rule.name) &&
      !stays(text, [without(rule)], EVERYTHING, (sites) =>
        sites.some((site) => site.reason === reason),
      ),
  );
  return [...missed.map(([name]) => name), ...broken.map(({ name }) => name)];
}

/** Whether a table leaves a model alone, and says what is expected. */
export function stays(
  text: string,
  rules: readonly Rule[],
  choice: RuleChoice,
  expected: (sites: readonly Site[]) => boolean,
): boolean {
  const model = parseText(text);
  try {
    const sites = rewriteChecked(model, rules, { ...choice, facts: inferredFacts() });
    return !model.changed && expected(sites);
  } catch {
    return false;
  }
}
