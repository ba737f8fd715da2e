// Random networks of a type, and what tells whether rules change what one computes.

import fc from 'fast-check';

import type { Site } from '#convfuse/rewrite/rewriter.js';
import type { Rule } from '#convfuse/rewrite/rule.js';

import { compareFused } from './compare-fused.js';
import type { FloatName } from './graph-text.js';
import { randomGraph } from './random-graph.js';
import { siteLines, type RewriteTextOptions } from './rewrite-text.js';

export const FLOAT_NAMES = ['double', 'float', 'float16'] as const;

/**
 * In doubles nothing but double rounding is between the two, however deep the network. In floats
 * each fold rounds its constants once, by 2^-24, and a dozen layers amplify that. In float16 it is
 * 2^-11, and the networks are short; what a wrong formula does is no smaller for that.
 */
const TOLERANCE = { double: 2 ** -36, float: 2 ** -14, float16: 2 ** -5 };
const MOST_STEPS = { double: 14, float: 14, float16: 5 };

/** Half a unit in the last place of float16, in those of float. */
const FLOAT16_ROUNDING = 2 ** 13;

/** Each as likely as any: left to itself fast-check would come back to the smallest and the largest. */
const SEEDS = fc.noBias(fc.integer({ min: 1 }));

/** @param functions whether there are model-local functions in some */
export function networks(type: FloatName, functions = true): fc.Arbitrary<string> {
  return fc
    .tuple(SEEDS, fc.noBias(fc.integer({ min: 1, max: MOST_STEPS[type] })))
    .map(([seed, steps]) => randomGraph(seed, { steps, type, functions }));
}

/** Networks of every type, each with its type. */
export function typedNetworks(functions = true): fc.Arbitrary<[string, FloatName]> {
  return fc
    .constantFrom(...FLOAT_NAMES)
    .chain((type) => fc.tuple(networks(type, functions), fc.constant(type)));
}

/**
 * Rewrites a network at level extended; runs it before and after; and checks each site by itself.
 *
 * @returns the sites
 * @throws Error where an output is off by more than the tolerance of the type, or a site by more
 *   than its bound
 */
export function judgeNetwork(
  text: string,
  type: FloatName,
  rules?: readonly Rule[],
  options: RewriteTextOptions = {},
): readonly Site[] {
  const { error, sites } = compareFused(text, rules, { level: 'extended', ...options });
  const lines = siteLines(sites).join('\n');
  const exact = error <= TOLERANCE[type];
  if (!exact && !(type === 'float16' && isRounding(error, text, rules, options))) {
    throw new Error(`${error}\n${lines}`);
  }
  for (const { check, node } of sites) {
    const worst = check?.(1).error ?? 0;
    if (!(worst <= 1)) throw new Error(`${node} is off by ${worst} bounds\n${lines}`);
  }
  return sites;
}

/**
 * Whether an error in float16 is what the network makes of rounded constants: in float it is then
 * as many times smaller as the rounding is, give or take which way each constant went, and within the
 * tolerance of floats. A wrong formula does the same in every type.
 */
function isRounding(
  error: number,
  text: string,
  rules: readonly Rule[] | undefined,
  options: RewriteTextOptions,
): boolean {
  const inFloat = compareFused(text.replaceAll('float16', 'float'), rules, {
    level: 'extended',
    ...options,
  });
  return inFloat.error <= TOLERANCE.float && error <= 4 * FLOAT16_ROUNDING * inFloat.error;
}
