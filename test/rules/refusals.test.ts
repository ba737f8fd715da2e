// Graphs that must stay as they are; and no guard is without one that needs it.

import test from 'ava';

import { ORT_RULES } from '#convfuse/rules/index.js';

import { guardsOf, noticing } from '../helpers/guard-mutation.js';
import { testKept } from '../helpers/rule-tables.js';
import { KEPT_BEFORE } from './kept-before.js';
import { KEPT_BEHIND } from './kept-behind.js';
import { KEPT_FUSED_CONVS } from './kept-fused-convs.js';
import { KEPT_JOINS } from './kept-joins.js';
import { KEPT_SIBLINGS } from './kept-siblings.js';
import { KEPT_SUMS } from './kept-sums.js';

testKept([...KEPT_BEHIND, ...KEPT_BEFORE]);
testKept([...KEPT_SIBLINGS, ...KEPT_JOINS, ...KEPT_SUMS], 'extended');
testKept(KEPT_FUSED_CONVS, 'basic', ORT_RULES);

test('with all guards, every graph stays', (t) => {
  t.deepEqual(noticing('no guard of this name', new Set()), []);
});

for (const [guard, rules] of guardsOf()) {
  test(`without ${guard}, a graph that must stay does not`, (t) => {
    const missed = noticing(guard, new Set(rules));
    t.log(missed.join('; '));
    t.true(missed.length > 0);
  });
}
