// The example of each rule, broken for one of its guards at a time, stays as it is.

import test from 'ava';

import { parseText, printText } from '#convfuse/ir/text.js';

import { inferredFacts } from '../helpers/compare-fused.js';
import { rewriteChecked, siteLines } from '../helpers/rewrite-text.js';
import { BROKEN } from './broken-examples.js';

for (const { name, rule, text, reason } of BROKEN) {
  test(`${name}: kept, as ${reason}`, (t) => {
    const model = parseText(text);
    const before = printText(model);
    const sites = rewriteChecked(model, [rule], {
      level: 'extended',
      quantized: true,
      facts: inferredFacts(),
    });
    const lines = siteLines(sites).join('\n');
    t.true(printText(model) === before, lines);
    t.true(
      sites.some((site) => site.reason === reason),
      lines,
    );
  });
}
