// Random networks with every trap, before and after all rules, in double: what they compute.

import test from 'ava';
import fc from 'fast-check';

import { encodeModel } from '#convfuse/api/encode.js';
import { parseText } from '#convfuse/ir/text.js';
import { readModel } from '#convfuse/onnx/read.js';
import { RULES } from '#convfuse/rules/index.js';

import { compareFused, inferredFacts } from '../helpers/compare-fused.js';
import { hold } from '../helpers/hold.js';
import { randomGraph } from '../helpers/random-graph.js';
import { rewriteChecked, siteLines } from '../helpers/rewrite-text.js';

/** Networks a run, in parts that report by themselves. A campaign asks for more. */
const RUNS = Number(process.env['CONVFUSE_RANDOM_GRAPHS'] ?? 5000);
const PARTS = 5;

/**
 * In doubles nothing but double rounding is between the two, however deep the network, but for an
 * output that all but cancels: it is measured against 1. In floats
 * each fold rounds its constants once, by 2^-24, and a dozen layers amplify that. In float16 it is
 * 2^-11, and the networks are short; what a wrong formula does is no smaller for that.
 */
const TOLERANCE = { double: 2 ** -36, float: 2 ** -14, float16: 2 ** -5 };
const MOST_STEPS = { double: 14, float: 14, float16: 5 };

const TYPES = ['double', 'float', 'float16'] as const;

const OPTIONS = { level: 'extended' } as const;

for (let part = 1; part <= PARTS; part++) {
  test(`networks compute the same after fusion, and sites stay below their bounds: ${part}`, (t) => {
    let fused = 0;
    hold(
      fc.constantFrom(...TYPES).chain((type) => fc.tuple(networks(type), fc.constant(type))),
      ([text, type]) => {
        const { error: relative, errorFromOne, sites } = compareFused(text, undefined, OPTIONS);
        const error = type === 'double' ? errorFromOne : relative;
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

function networks(type: (typeof TYPES)[number], functions = true): fc.Arbitrary<string> {
  return fc
    .tuple(fc.integer({ min: 1 }), fc.integer({ min: 1, max: MOST_STEPS[type] }))
    .map(([seed, steps]) => randomGraph(seed, { steps, type, functions }));
}

for (const level of ['basic', 'extended'] as const) {
  test(`what was fused at level ${level} is fused to the same bytes`, (t) => {
    const fuse = (bytes: Uint8Array): Uint8Array => {
      const model = readModel({ bytes, path: 'random.onnx', external: undefined });
      // The limit on growth is one on what is given: a larger file may grow further.
      rewriteChecked(model, RULES, { level, facts: inferredFacts(), allowGrowth: true });
      return encodeModel(model);
    };
    hold(
      networks('float', false),
      (text) => {
        const once = fuse(encodeModel(parseText(text)));
        if (!Buffer.from(fuse(once)).equals(once)) throw new Error(text);
      },
      RUNS / 10,
    );
    t.pass();
  });
}
