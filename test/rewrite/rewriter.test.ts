import test from 'ava';

import { ConvfuseError, type ErrorCode } from '#convfuse/errors.js';
import { parseText, printNodes } from '#convfuse/ir/text.js';
import { rewriteModel, rewriteModelAsync } from '#convfuse/rewrite/rewriter.js';
import { defineRule, type Match, type Rule } from '#convfuse/rewrite/rule.js';
import { declaredFacts, rewriteChecked, rewriteText, siteLines } from '../helpers/rewrite-text.js';
import { eliminateIdentity, foldIntoConv, TOY_RULES } from '../helpers/toy-rules.js';

const bn = (out: string, x: string, n = ''): string =>
  `${out} = BatchNormalization(${x}, g${n}, b${n}, m${n}, v${n})`;

const sitesOf = (text: string, rules: readonly Rule[] = TOY_RULES, options = {}): string[] =>
  siteLines(rewriteChecked(parseText(text, options), rules, options));

/** A rule that does what a test says. */
function rule(parts: Partial<Rule>): Rule {
  return defineRule({
    name: 'toy',
    level: 'basic',
    doc: '',
    roots: ['Relu'],
    match: (node): Match => ({ nodes: [node], into: node, vanishing: [], parameters: [] }),
    conditions: [],
    rewrite: ({ into }) => ({ into }),
    example: { before: '', after: '' },
    ...parts,
  });
}

test('rules are applied until nothing changes: main graph, bodies and functions', (t) => {
  const model = parseText(`c: input bool[]
    y = Conv(x, W)
    i = Identity(y)
    ${bn('z', 'i')}
    ${bn('w', 'z', '2')}
    q = If<then_branch = { a = Conv(w, V); ${bn('k', 'a')} }, else_branch = { k = Relu(w) }>(c)
    r = local.f(q)
    function local.f {
      W = Constant<value = float[1, 1, 1, 1] {1}>()
      d = Conv(p, W)
      g = Constant<value = float[1] {1}>()
      e = BatchNormalization(d, g, g, g, g)
    }`);
  const sites = rewriteChecked(model, TOY_RULES);
  t.is(
    printNodes(model.graph),
    `w = Conv(x, W_fused_1)
q = If<then_branch = {
  k = Conv(w, V_fused)
}, else_branch = {
  k = Relu(w)
}>(c)
r = local.f(q)`,
  );
  t.is(
    printNodes(model.functions[0]!.body),
    'W_fused_2 = Constant<value = float[1, 1, 1, 1] {1}>()\ne = Conv(p, W_fused_2)',
  );
  t.deepEqual(siteLines(sites), [
    'fused i into y (eliminate-identity)',
    'fused z into y (fuse-batch-norm-into-conv)',
    'fused w into y (fuse-batch-norm-into-conv)',
    'fused k into a (fuse-batch-norm-into-conv)',
    'fused e into d (fuse-batch-norm-into-conv)',
  ]);
});

test('what was fused into a node that was fused itself names the one that stays', (t) => {
  // The batch norms merge first: their rule comes first in this table.
  const table = [...TOY_RULES].reverse();
  t.deepEqual(sitesOf(`[c] y = Conv(x, W)\n[a] ${bn('z', 'y')}\n[b] ${bn('w', 'z', '2')}`, table), [
    'fused a into c (fuse-batch-norm-into-conv)',
    'fused b into c (fuse-batch-norm-into-batch-norm)',
  ]);
});

test('a model in which nothing matches is not touched', (t) => {
  const model = parseText('y = Conv(x, W)\nz = Relu(y)');
  t.deepEqual(rewriteChecked(model, TOY_RULES), []);
  t.false(model.changed);
});

test('every batch norm that stays has a verdict', (t) => {
  t.deepEqual(sitesOf(`[r] y = Relu(x)\n${bn('z', 'y')}`), ['z: pattern: input comes from Relu r']);
  t.deepEqual(sitesOf(bn('z', 'x')), ['z: pattern: no node makes its input x']);
  t.deepEqual(sitesOf(`y = DequantizeLinear(x)\n${bn('z', 'y')}`), [
    'z: quantized: input comes from DequantizeLinear y',
  ]);
  t.deepEqual(sitesOf(`y = com.foo.Conv(x)\n${bn('z', 'y')}`), [
    'z: custom-op: input comes from com.foo.Conv y',
  ]);
  t.deepEqual(sitesOf(`y = Conv(x, W)\nz = com.foo.BatchNormalization(y)`), [
    'z: custom-op: com.foo.BatchNormalization z is not of the default domain',
  ]);
  const local = 'function BatchNormalization { o = Relu(i) }';
  t.deepEqual(sitesOf(`y = Conv(x, W)\n${bn('z', 'y')}\n${local}`), [
    'z: custom-op: BatchNormalization z is a function of the model',
  ]);
  const gemm = `y = Gemm(x, W)\n${bn('z', 'y')}`;
  t.deepEqual(sitesOf(gemm), ['z: pattern: input comes from Gemm y']);
  t.deepEqual(sitesOf(gemm, TOY_RULES, { skip: TOY_RULES.map(({ name }) => name) }), [
    'z: pattern: no rule for it is switched on',
  ]);
});

test('sites call nodes what the original calls them', (t) => {
  // Nodes without a name go by their output, which another node may take over.
  const text = `y = Conv(x, W)\nr = Relu(y)\n${bn('z', 'r')}\ni = Identity(z)`;
  t.deepEqual(sitesOf(text), [
    'z: pattern: input comes from Relu r',
    'fused i into z (eliminate-identity)',
  ]);
});

test('what a rewrite took besides its root is accounted for', (t) => {
  const takeBefore = rule({
    name: 'take-before',
    match: (node) => {
      const before = node.input(0).producer;
      return before && { nodes: [before, node], into: node, vanishing: [], parameters: [] };
    },
    rewrite: ({ nodes: [before], into }, edit) => {
      edit.setInputs(into, [before!.input(0)]);
      edit.remove(before!);
      return { into, taken: [before!] };
    },
  });
  t.deepEqual(sitesOf(`${bn('y', 'x')}\nr = Relu(y)`, [takeBefore]), [
    'fused y into r (take-before)',
    'fused r into r (take-before)',
  ]);
  // The convolution that took a batch norm in goes into another node with it.
  const text = `y = Conv(x, W)\n${bn('z', 'y')}\nr = Relu(z)`;
  t.deepEqual(sitesOf(text, [foldIntoConv, takeBefore]), [
    'fused z into r (fuse-batch-norm-into-conv)',
    'fused r into r (take-before)',
  ]);
});

test('a refusal with something to say goes before one that found no pattern', (t) => {
  const refuse = (name: string, reason: 'pattern' | 'padding'): Rule =>
    rule({ name, conditions: [{ name, doc: '', check: () => ({ reason, detail: name }) }] });
  const table = [refuse('first', 'pattern'), refuse('second', 'padding')];
  t.deepEqual(sitesOf('y = Relu(x)', table), ['y: padding: second']);
  t.deepEqual(sitesOf('y = Relu(x)', table.slice(0, 1)), ['y: pattern: first']);
});

test('a refusal that a later rewrite makes groundless is superseded', (t) => {
  const dropUnread = rule({
    name: 'drop-unread',
    match: (node) =>
      node.output(0).uses.size > 0 || node.output(0).isOutput
        ? undefined
        : { nodes: [node], into: node, vanishing: [], parameters: [] },
    rewrite: ({ into }, edit) => {
      edit.remove(into);
      return { into };
    },
  });
  const text = `y = Conv(x, W)\n${bn('z', 'y')}\nr = Relu(y)\nz: output`;
  t.deepEqual(sitesOf(text), ['z: multi-consumer: output of y has 2 consumers']);
  t.deepEqual(sitesOf(text, [foldIntoConv, dropUnread]), [
    'fused z into y (fuse-batch-norm-into-conv)',
    'fused r into r (drop-unread)',
  ]);
});

test('level, only and skip choose rules by name', (t) => {
  const text = `y = Gemm(x, W)\n${bn('z', 'y')}`;
  const fused = 'z = Gemm(x, W_fused)';
  t.not(rewriteText(text, TOY_RULES), fused);
  t.is(rewriteText(text, TOY_RULES, { level: 'extended' }), fused);
  t.is(rewriteText(text, TOY_RULES, { only: ['fuse-batch-norm-into-gemm'] }), fused);
  const skip = ['fuse-batch-norm-into-gemm'];
  t.not(rewriteText(text, TOY_RULES, { level: 'extended', skip }), fused);
});

const throws = (
  t: { throws: (fn: () => unknown, expected: object) => ConvfuseError | undefined },
  fn: () => unknown,
  code: ErrorCode,
  message: RegExp,
): ConvfuseError => t.throws(fn, { instanceOf: ConvfuseError, code, message } as object)!;

test('what a rule throws carries its name', (t) => {
  const run = (parts: Partial<Rule>) => (): unknown => rewriteText('y = Relu(x)', [rule(parts)]);
  const plain = new TypeError('no such thing');
  const fail = (error: Error) => (): never => {
    throw error;
  };
  const error = throws(t, run({ match: fail(plain) }), 'ERR_ARGUMENT', /rule toy at y: no such/);
  t.is(error.cause, plain);
  const check = { name: 'c', doc: '', check: fail(plain) };
  throws(t, run({ conditions: [check] }), 'ERR_ARGUMENT', /rule toy at y/);
  const own = new ConvfuseError('ERR_EXTERNAL_DATA', 'gone');
  throws(t, run({ rewrite: fail(own) }), 'ERR_EXTERNAL_DATA', /rule toy at y: gone/);
  throws(t, run({ rewrite: () => undefined as never }), 'ERR_ARGUMENT', /a Rewritten or a Refusal/);
});

test('rules that never come to an end are stopped', (t) => {
  let value = 0;
  const flip = rule({
    rewrite: ({ into }, edit) => {
      edit.setAttribute(into, { name: 'n', kind: 'int', value: value++ });
      return { into };
    },
  });
  throws(
    t,
    () => rewriteText('y = Relu(x)', [flip]),
    'ERR_LIMIT',
    /rule toy at y: still changing the model/,
  );
});

test('an aborted signal ends the work with its reason', async (t) => {
  const reason = new Error('enough');
  const model = parseText('y = Relu(x)');
  const options = { facts: declaredFacts, signal: AbortSignal.abort(reason) };
  t.is(
    t.throws(() => rewriteModel(model, TOY_RULES, options)),
    reason,
  );
  const slow = rule({
    rewrite: ({ into }, edit) => {
      const end = performance.now() + 30;
      while (performance.now() < end);
      edit.setAttribute(into, { name: 'n', kind: 'int', value: 1 });
      return { into };
    },
  });
  const controller = new AbortController();
  setImmediate(() => controller.abort(reason));
  const { signal } = controller;
  const work = rewriteModelAsync(model, [slow], { facts: declaredFacts, signal });
  t.is(await t.throwsAsync(work), reason);
});

test('the asynchronous form does the same, and tells how far it is', async (t) => {
  const text = `y = Conv(x, W)\n${bn('z', 'y')}`;
  const seen: [number, number][] = [];
  const model = parseText(text);
  const onProgress = (done: number, total: number): void => void seen.push([done, total]);
  await rewriteModelAsync(model, TOY_RULES, { facts: declaredFacts, onProgress });
  t.is(printNodes(model.graph), rewriteText(text, TOY_RULES));
  t.is(seen.at(-1)![0], seen.at(-1)![1]);
});

test('arithmetic that refused is not done again until its constants change', (t) => {
  let calls = 0;
  const numeric = rule({
    roots: ['Abs'],
    rewrite: () => {
      calls += 1;
      return { reason: 'non-finite', detail: 'it is' };
    },
  });
  const text = 'a = Abs(x)\nb = Identity(a)\nc = Relu(b)';
  t.deepEqual(sitesOf(text, [numeric, eliminateIdentity]), [
    'a: non-finite: it is',
    'fused b into a (eliminate-identity)',
  ]);
  t.is(calls, 1);
});

test('clones of shared weights may not grow the file beyond the limit', (t) => {
  const branches = [1, 2, 3].map((n) => `y${n} = Conv(x, W)\n${bn(`z${n}`, `y${n}`, String(n))}`);
  const text = branches.join('\n');
  const refused = (name: string): string =>
    `${name}: growth: a copy of W, which others use too, would make the file more than 2 times ` +
    'as large; --allow-growth permits it';
  t.deepEqual(sitesOf(text).slice(1), [refused('z2'), refused('z3')]);
  const fused = [1, 2, 3].map((n) => `fused z${n} into y${n} (fuse-batch-norm-into-conv)`);
  t.deepEqual(sitesOf(text, TOY_RULES, { allowGrowth: true }), fused);
  t.deepEqual(sitesOf(text, TOY_RULES, { bytes: 1e6 }), fused);
});

/** Milliseconds of processor time: what others do on the machine does not count. */
function timed(work: () => unknown): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

test('a hundred thousand nodes without a match take well under a second', (t) => {
  const lines = Array.from({ length: 100_000 }, (_, i) => `t${i + 1} = Relu(t${i})`);
  const model = parseText(`t0: input float\n${lines.join('\n')}`);
  const milliseconds = timed(() => rewriteModel(model, TOY_RULES, { facts: declaredFacts }));
  t.log(`${milliseconds.toFixed(0)} ms`);
  t.true(milliseconds < 1000);
});

test('long chains and hubs take time in proportion', (t) => {
  const chain = (n: number): string =>
    Array.from({ length: n }, (_, i) => `t${i + 1} = Identity(t${i})`).join('\n');
  const hub = (n: number): string =>
    Array.from({ length: n }, (_, i) => `h${i} = Conv(x, W${i})\n${bn(`o${i}`, `h${i}`)}`).join(
      '\n',
    );
  const time = (text: string): number => {
    const model = parseText(`t0 = Relu(x)\n${text}`);
    const options = { facts: declaredFacts, bytes: 1e12 };
    return timed(() => rewriteModel(model, TOY_RULES, options));
  };
  for (const make of [chain, hub]) {
    time(make(500));
    const [small, large] = [time(make(1500)), time(make(6000))];
    t.log(`${small.toFixed(0)} ms, ${large.toFixed(0)} ms`);
    t.true(large < 12 * small + 100);
  }
});

test('a rule that asks for it looks at the deepest nodes first, else in the order of the file', (t) => {
  const text = `k = Constant<value = float[1] {1}>()
    i = Identity(k)
    j = Identity(i)
    a = Relu(x)
    b = Mul(a, j)
    [first] c = Relu(b)
    [second] d = Relu(b)
    e = Add(c, a)
    f = Relu(e)
    g = If<then_branch = { h = Relu(f) }, else_branch = { l = Relu(x) }>(c)
    m = Relu(x)`;
  const looks = (deepestFirst?: true): string => {
    const seen: string[] = [];
    const watch = rule({
      match: ({ label }) => void seen.push(label),
      ...(deepestFirst && { deepestFirst }),
    });
    rewriteModel(parseText(text), [watch], { facts: declaredFacts });
    return seen.join(' ');
  };
  t.is(looks(), 'a first second f m h l');
  t.is(looks(true), 'h f first second a m l');
});
