// Rules inside of graphs in nodes, and inside of functions: bodies are rewritten like the graph
// around them, what they read from there counts as a reader, and nothing that only a call would
// settle is guessed at.

import test from 'ava';

import { parseText, printNodes, printText } from '#convfuse/ir/text.js';
import { RULES } from '#convfuse/rules/index.js';

import { compareFused, inferredFacts } from '../helpers/compare-fused.js';
import { rewriteChecked, siteLines } from '../helpers/rewrite-text.js';

const BN = (input: string) => `BatchNormalization(${input}, g, b, m, v)`;

/** What a body computes of `row`, a batch of images, and how its node is called. */
const BODIES: readonly (readonly [string, (lines: string) => string])[] = [
  [
    'Scan',
    (lines) => `xs: input float[3, 1, 4, 5, 5]
      start: input float[1, 4, 5, 5]
      last, all = Scan<num_scan_inputs = 1, body = {
        state: input float[1, 4, 5, 5]
        row: input float[1, 4, 5, 5]
        next: output
        seen: output
        ${lines}
        next = Add(state, seen)
      }>(start, xs)`,
  ],
  [
    'Loop',
    (lines) => `n: int64[] = {3}
      row0: input float[1, 4, 5, 5]
      last, all = Loop<body = {
        round: input int64[]
        going: input bool[]
        row: input float[1, 4, 5, 5]
        on: output
        next: output
        seen: output
        on = Identity(going)
        ${lines}
        next = Add(row, seen)
      }>(n, "", row0)`,
  ],
  [
    'If',
    (lines) => `c: input bool[]
      row: input float[1, 4, 5, 5]
      all = If<then_branch = { seen: output; ${lines.replaceAll('\n', '; ')} }, else_branch = { e = Neg(row) }>(c)`,
  ],
];

const PADDED = 'Conv<pads = [1, 1, 1, 1]>(row, W)';

for (const [kind, inBody] of BODIES) {
  test(`${kind}: convolution and batch norm in a body become one`, (t) => {
    const text = inBody(`y = ${PADDED}\nseen = ${BN('y')}`);
    const result = compareFused(text, RULES);
    const lines = siteLines(result.sites);
    t.true(lines.includes('fused seen into y (fuse-batch-norm-into-conv)'), lines.join('\n'));
    t.false(result.nodes.includes('BatchNormalization'));
    t.regex(result.nodes, /seen = Conv<pads = \[1, 1, 1, 1\]>\(row, W_fused, W_bias\)/);
    t.true(result.error <= 2 ** -19, String(result.error));
    const again = parseText(printText(result.model));
    rewriteChecked(again, RULES, { facts: inferredFacts() });
    t.false(again.changed, 'a second time finds nothing more');
  });

  test(`${kind}: a body that reads a convolution outside keeps it as it is`, (t) => {
    const around = `o: input float[1, 4, 5, 5]\ny = Conv<pads = [1, 1, 1, 1]>(o, W)\nz: output\nall: output\nz = ${BN('y')}`;
    const text = `${around}\n${inBody('seen = Add(row, y)')}`;
    const result = compareFused(text, RULES);
    const site = result.sites.find(({ node }) => node === 'z');
    t.is(site?.reason, 'multi-consumer', siteLines(result.sites).join('\n'));
    t.regex(result.nodes, /z = BatchNormalization/);
    t.is(result.error, 0);
  });

  test(`${kind}: a weight outside that a body fuses stays for others`, (t) => {
    const text = `${inBody(`y = ${PADDED}\nseen = ${BN('y')}`)}\nall: output\nq: output\nr: input float[1, 4, 5, 5]\nq = Conv(r, W)`;
    const result = compareFused(text, RULES);
    t.regex(result.nodes, /Conv<pads = \[1, 1, 1, 1\]>\(row, W_fused, W_bias\)/);
    t.regex(result.nodes, /q = Conv\(r, W\)/);
    t.true(result.error <= 2 ** -19, String(result.error));
  });
}

test('beside a node with an attribute of its function, the others are rewritten', (t) => {
  const constants = ['g', 'b', 'm', 'v'].map(
    (name) => `${name} = Constant<value = float[2] {1, 2}>()`,
  );
  const text = `x: input float[1, 2, 5, 5]
    z = local.block(x)
    function local.block {
      ${constants.join('\n')}
      W = Constant<value = float[2, 2, 1, 1] {1, 2, 3, 4}>()
      y = Conv(p, W)
      n = ${BN('y')}
      a = LeakyRelu<alpha: float = @slope>(n)
      k = Conv<group: int = @groups>(a, W)
      z = ${BN('k')}
    }`;
  const model = parseText(text);
  const sites = rewriteChecked(model, RULES, { facts: inferredFacts() });
  const lines = siteLines(sites);
  const body = printNodes(model.functions[0]!.body);
  t.true(lines.includes('fused n into y (fuse-batch-norm-into-conv)'), lines.join('\n'));
  t.regex(body, /n = Conv\(p, W_fused, W_bias\)/);
  t.regex(body, /a = LeakyRelu<alpha = @slope>\(n\)/);
  t.regex(body, /k = Conv<group = @groups>\(a, W\)/);
  t.regex(body, /z = BatchNormalization\(k, /);
  const site = sites.find(({ node }) => node === 'z');
  t.deepEqual([site?.verdict, site?.reason], ['skipped', 'attribute'], lines.join('\n'));
});
