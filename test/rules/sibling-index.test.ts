// Many layers on one input: all of one kind become one, and time grows with their number alone.

import test from 'ava';

import { parseText } from '#convfuse/ir/text.js';
import { rewriteModel, type Site } from '#convfuse/rewrite/rewriter.js';
import { RULES } from '#convfuse/rules/index.js';

import { compareFused, inferredFacts } from '../helpers/compare-fused.js';
import { siteLines } from '../helpers/rewrite-text.js';

/** Layers on x, each with a weight of its own. */
function hub(count: number, weight: string, node: (index: number) => string): string {
  const each = (line: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => line(index)).join('\n');
  return `x: input float[1, 2, 3, 3]\n${each((i) => `W${i}: float${weight}`)}\n${each(node)}`;
}

test('siblings beyond any number become one layer', (t) => {
  for (const [operator, weight] of [
    ['Conv', '[2, 2, 1, 1]'],
    ['MatMul', '[3, 2]'],
  ] as const) {
    const text = hub(1300, weight, (i) => `y${i} = ${operator}(x, W${i})`);
    const { nodes, error, sites } = compareFused(text, RULES, { level: 'extended' });
    t.is(nodes.split('\n').length, 2, siteLines(sites).join('\n').slice(0, 1000));
    t.is(nodes.match(/y\d+(?=[, ])/g)?.length, 1300);
    t.is(error, 0);
  }
});

test('siblings of several kinds become one of each', (t) => {
  const pads = (i: number): string => `pads = [${i % 3}, 0, 0, 0]`;
  const text = hub(60, '[2, 2, 1, 1]', (i) => `y${i} = Conv<${pads(i)}>(x, W${i})`);
  const { nodes, error } = compareFused(text, RULES, { level: 'extended' });
  t.is(nodes.match(/= Conv/g)?.length, 3);
  t.is(error, 0);
});

test('of a group that may not be merged the first says why, and the others where to look', (t) => {
  const declared = Array.from({ length: 600 }, (_, i) => `y${i} = Conv(x, W)`).join('\n');
  const model = parseText(`x: input float[1, 2, 3, 3]\nW: float[2, 2, 1, 1]\n${declared}`);
  const sites = rewriteModel(model, RULES, { facts: inferredFacts(), level: 'extended' });
  const verdicts = new Map(sites.map((site) => [site.node, site]));
  t.is(verdicts.get('y0')?.reason, 'growth');
  t.is(verdicts.get('y599')?.reason, 'pattern');
  t.regex(verdicts.get('y599')!.detail!, /^y599 belongs to the group of Conv y0/);
});

test('a layer whose geometry changed is no sibling of its former ones', (t) => {
  const text = `x: input float[1, 2, 3, 3]
    p: int64[8] = {0, 0, 1, 0, 0, 0, 0, 0}
    W: float[2, 2, 1, 1]
    V: float[2, 2, 1, 1]
    U: float[2, 2, 1, 1]
    a = Conv(x, W)
    b = Conv(x, V)
    q = Pad(x, p)
    c = Conv<pads = [1, 0, 0, 0]>(x, U)
    d = Conv(q, W)`;
  const { nodes, error } = compareFused(text, RULES, { level: 'extended' });
  t.is(nodes.match(/= Conv/g)?.length, 2, nodes);
  t.true(error <= 2 ** -19);
});

/** Milliseconds of processor time. */
function timed(text: string): { milliseconds: number; sites: readonly Site[] } {
  const model = parseText(text);
  const options = { facts: inferredFacts(), level: 'extended', bytes: 1e12 } as const;
  const start = process.cpuUsage();
  const sites = rewriteModel(model, RULES, options);
  const { user, system } = process.cpuUsage(start);
  return { milliseconds: (user + system) / 1000, sites };
}

const HUBS: readonly (readonly [string, (count: number) => string])[] = [
  ['all alike', (count) => hub(count, '[2, 2, 1, 1]', (i) => `y${i} = Conv(x, W${i})`)],
  ['none of which may be merged', (count) => hub(count, '[2, 1, 1, 1]', grouped)],
  ['each of another geometry', (count) => hub(count, '[2, 2, 1, 1]', (i) => padded(i, i))],
  ['in pairs', (count) => hub(count, '[2, 2, 1, 1]', (i) => padded(i, i >> 1))],
];

function grouped(index: number): string {
  return `y${index} = Conv<group = 2>(x, W${index})`;
}

function padded(index: number, pad: number): string {
  return `y${index} = Conv<pads = [${pad}, 0, 0, 0]>(x, W${index})`;
}

for (const [name, make] of HUBS) {
  test(`layers on one input take time in proportion to their number: ${name}`, (t) => {
    timed(make(700));
    const [small, large] = [timed(make(1500)), timed(make(6000))];
    t.log(`${small.milliseconds.toFixed(0)} ms, ${large.milliseconds.toFixed(0)} ms`);
    t.true(large.milliseconds < 12 * small.milliseconds + 100);
    t.true(large.sites.length > 0);
  });
}
