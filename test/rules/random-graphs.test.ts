// Random networks with every trap, before and after all rules, in double: what they compute.

import test from 'ava';
import fc from 'fast-check';

import { compareFused } from '../helpers/compare-fused.js';
import { hold } from '../helpers/hold.js';
import { randomGraph } from '../helpers/random-graph.js';
import { siteLines } from '../helpers/rewrite-text.js';

/** Networks a run, in parts that report by themselves. A campaign asks for more. */
const RUNS = Number(process.env['CONVFUSE_RANDOM_GRAPHS'] ?? 5000);
const PARTS = 5;

/**
 * In doubles nothing but double rounding is between the two, however deep the network. In floats
 * each fold rounds its constants once, by 2^-24, and a dozen layers amplify that.
 */
const TOLERANCE = { double: 2 ** -36, float: 2 ** -14 };

for (let part = 1; part <= PARTS; part++) {
  test(`networks compute the same after fusion, and sites stay below their bounds: ${part}`, (t) => {
    let fused = 0;
    const texts = fc
      .tuple(fc.integer({ min: 1 }), fc.integer({ min: 1, max: 14 }))
      .map(([seed, steps]) => randomGraph(seed, { steps }));
    hold(
      fc.tuple(texts, fc.constantFrom('double', 'float')),
      ([text, type]) => {
        const typed = text.replace(/\b(float|double)\b/g, type);
        const { error, sites } = compareFused(typed, undefined, { level: 'extended' });
        fused += sites.filter(({ verdict }) => verdict === 'fused').length;
        const lines = siteLines(sites).join('\n');
        if (!(error <= TOLERANCE[type])) throw new Error(`${error}\n${lines}`);
        for (const { check, node } of sites) {
          const worst = check?.(1).error ?? 0;
          if (!(worst <= 1)) throw new Error(`${node} is off by ${worst} bounds\n${lines}`);
        }
      },
      RUNS / PARTS,
    );
    t.log(`${fused} rewrites in ${RUNS / PARTS} networks`);
    t.true(fused > RUNS / PARTS);
  });
}
