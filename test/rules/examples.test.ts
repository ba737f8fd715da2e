// The examples that rules carry, and docs show.

// What the rule table promises: every example is true.

import test from 'ava';

import { ALL_RULES } from '#convfuse/rules/index.js';

import { inferredFacts } from '../helpers/compare-fused.js';
import { rewriteText } from '../helpers/rewrite-text.js';
import { parseText, printNodes } from '#convfuse/ir/text.js';

for (const rule of ALL_RULES) {
  test(`the example of ${rule.name} is true`, (t) => {
    const { before, after } = rule.example;
    t.is(
      rewriteText(before, [rule], { level: 'extended', quantized: true, facts: inferredFacts() }),
      after,
    );
    t.not(printNodes(parseText(before).graph), after);
  });
}
