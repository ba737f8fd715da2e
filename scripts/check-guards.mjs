// Takes every guard out of the built rule table in turn, and counts the graphs of test/rules that
// notice: npm run check:guards. Fails when a guard goes unnoticed. With --pairs it takes each guard
// out of one rule at a time, and lists the rules in which nothing depends on it.
import { guardsOf, noticing } from '../out/test/helpers/guard-mutation.js';

const pairs = process.argv.includes('--pairs');
const unnoticed = [];
console.log('| guard | rules | graphs that notice |');
console.log('| --- | --- | --- |');
for (const [guard, rules] of guardsOf()) {
  const count = noticing(guard, new Set(rules)).length;
  if (count === 0) unnoticed.push(guard);
  console.log(`| ${guard} | ${rules.length} | ${count} |`);
  if (!pairs) continue;
  const idle = rules.filter((rule) => noticing(guard, new Set([rule])).length === 0);
  if (idle.length > 0) console.log(`|   idle in: ${idle.join(', ')} | | |`);
}
if (unnoticed.length > 0) {
  console.error(`no graph in test/rules needs: ${unnoticed.join(', ')}`);
  process.exitCode = 1;
}
