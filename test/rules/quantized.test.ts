// Covers lib/rules/fuse-batch-norm-into-quantized-conv.ts and dequantized.ts: batch norms that go into the
// scales of quantised weights, where a user asks for it, and what keeps them out.

import test from 'ava';

import { fuseModel } from '#convfuse/api/fuse.js';
import { parseText, printText } from '#convfuse/ir/text.js';
import { constantOfValue } from '#convfuse/ir/view.js';
import { RULES } from '#convfuse/rules/index.js';

import { compareFused, inferredFacts } from '../helpers/compare-fused.js';
import { rewriteChecked, siteLines } from '../helpers/rewrite-text.js';
import { KEPT_QUANTIZED, QUANTIZED } from './kept-quantized.js';

const BN = 'z = BatchNormalization(y, g, b, m, v)';
const [HEAD, WEIGHT] = QUANTIZED;

const FUSED: readonly (readonly [string, string, string])[] = [
  [
    'without a bias',
    `${HEAD}${WEIGHT}y = Conv<pads = [1, 1, 1, 1]>(x, W)\n${BN}`,
    'W_fused = DequantizeLinear<axis = 0>(q, t_fused, p)\nz = Conv<pads = [1, 1, 1, 1]>(x, W_fused, W_bias)',
  ],
  [
    'an axis from the end, groups, and a float bias',
    `${HEAD}q: int8[4, 2, 3, 3]\nW = DequantizeLinear<axis = -4>(q, t)\ny = Conv<group = 2>(x, W, c)\n${BN}`,
    'W_fused = DequantizeLinear<axis = -4>(q, t_fused)\nz = Conv<group = 2>(x, W_fused, c_fused)',
  ],
  [
    'a bias of int32, by channel',
    `${HEAD}${WEIGHT}d: int32[4] = {100, -20, 3, 7}\nc = DequantizeLinear<axis = 0>(d, t)\ny = Conv(x, W, c)\n${BN}`,
    'W_fused = DequantizeLinear<axis = 0>(q, t_fused, p)\nz = Conv(x, W_fused, c_fused)',
  ],
  [
    'a bias of int32 with one scale',
    `${HEAD}${WEIGHT}d: int32[4] = {100, -20, 3, 7}\nu: float = {0.125}\nc = DequantizeLinear(d, u)\ny = Conv(x, W, c)\n${BN}`,
    'W_fused = DequantizeLinear<axis = 0>(q, t_fused, p)\nz = Conv(x, W_fused, c_fused)',
  ],
  [
    'a weight that others read stays for them',
    `${HEAD}${WEIGHT}y = Conv(x, W)\n${BN}\nw = Conv(x, W)`,
    'W = DequantizeLinear<axis = 0>(q, t, p)\nW_fused = DequantizeLinear<axis = 0>(q, t_fused, p)\n' +
      'z = Conv(x, W_fused, W_bias)\nw = Conv(x, W)',
  ],
];

for (const [name, text, nodes] of FUSED) {
  test(`folded into scales: ${name}`, (t) => {
    const result = compareFused(text, RULES, { quantized: true });
    const lines = siteLines(result.sites).join('\n');
    t.is(result.nodes, nodes, lines);
    // Scales and biases are rounded to float32 once.
    t.true(result.error <= 2 ** -19, `${result.error}\n${lines}`);
    for (const { verdict, check } of result.sites) {
      if (verdict === 'fused') t.true(check!(3).error <= 1);
    }
    const again = parseText(printText(result.model));
    rewriteChecked(again, RULES, { quantized: true, facts: inferredFacts() });
    t.false(again.changed, 'a second time finds nothing more');
  });
}

test('each scale is multiplied by the factor of its channel, and the zero points stay', (t) => {
  const model = parseText(
    `${HEAD}${WEIGHT}g2: float[4] = {1, 2, 3, 4}\none: float[4] = fill(1)\nnil: float[4] = fill(0)\n` +
      'y = Conv(x, W)\nz = BatchNormalization<epsilon = 0.0>(y, g2, nil, nil, one)',
  );
  const scales = (name: string): Float32Array =>
    constantOfValue(model.graph.values.get(name))!.read().data as Float32Array;
  const before = scales('t').slice();
  rewriteChecked(model, RULES, { quantized: true, facts: inferredFacts() });
  t.deepEqual(
    scales('t_fused'),
    before.map((scale, at) => Math.fround(scale * (at + 1))),
  );
  const [made] = [...model.graph.nodes()];
  t.is(made!.input(2).name, 'p');
});

test('nothing is folded unless it is asked for, by the option or by name', async (t) => {
  const model = parseText(`${HEAD}${WEIGHT}y = Conv(x, W)\n${BN}`);
  const kept = await fuseModel(model);
  t.is(kept.report.status, 'unchanged');
  t.is(kept.report.sites.at(-1)?.reason, 'quantized');
  const asked = await fuseModel(model, { quantized: true });
  t.is(asked.report.verification.status, 'passed');
  t.deepEqual(asked.report.after.ops, { Conv: 1, DequantizeLinear: 1 });
  const named = await fuseModel(model, { only: ['fuse-batch-norm-into-quantized-conv'] });
  t.is(named.report.status, 'fused');
});

for (const [name, text, reason] of KEPT_QUANTIZED) {
  test(`kept, quantized: ${name}`, (t) => {
    const model = parseText(text);
    const before = printText(model);
    const sites = rewriteChecked(model, RULES, { quantized: true, facts: inferredFacts() });
    const lines = siteLines(sites).join('\n');
    t.true(printText(model) === before, lines);
    t.true(
      sites.some((site) => site.reason === reason),
      lines,
    );
  });
}
