import test from 'ava';

import { verifyModels } from '#convfuse/api/verify.js';
import { parseText } from '#convfuse/ir/text.js';

const header = 'x: input float[1, 3, 6, 6]\n';
const conv = (weight: string): string =>
  `${header}W: float[4, 3, 3, 3] = ${weight}\ny = Conv(x, W)\nz = Relu(y)`;

test('a model equals itself', async (t) => {
  const report = await verifyModels(parseText(conv('random(1)')), parseText(conv('random(1)')));
  t.is(report.status, 'passed');
  t.is(report.relL2, 0);
  t.is(report.runs, 2);
});

test('other weights are found, and the worst element is named', async (t) => {
  for (const backend of ['auto', 'reference'] as const) {
    const report = await verifyModels(parseText(conv('random(1)')), parseText(conv('random(2)')), {
      backend,
      seed: 3,
    });
    t.is(report.status, 'failed');
    t.is(report.worst?.output, 'z');
    t.true(report.relL2! > 0.1);
    t.is(report.seed, 3);
  }
});

test('rtol and atol decide', async (t) => {
  const a = parseText(`${header}y = Identity(x)`);
  const b = parseText(`${header}s: float = {1.001}\ny = Mul(x, s)`);
  t.is((await verifyModels(a, b)).status, 'failed');
  t.is((await verifyModels(a, b, { rtol: 0.01 })).status, 'passed');
  t.is((await verifyModels(a, b, { atol: 0.1 })).status, 'passed');
});

test('signatures must agree', async (t) => {
  const a = parseText('x: input float[2]\ny = Relu(x)');
  const report = await verifyModels(a, parseText('u: input float[2]\ny = Relu(u)'));
  t.is(report.status, 'failed');
  t.regex(report.reason ?? '', /inputs differ: x and u/);
  const other = await verifyModels(a, parseText('x: input float[2]\nz = Relu(x)'));
  t.regex(other.reason ?? '', /outputs differ: y and z/);
  // Nothing was run: there is no distance, least of all one of 0.
  t.like(other, { runs: 0, maxAbs: undefined, relL2: undefined, worst: undefined });
});

test('the reason and the worst element are those of one run', async (t) => {
  const [a, b] = ['0', 'nan'].map((c) =>
    parseText(`x: input float[2]\nc: float = {${c}}\ny = Add(x, c)`),
  );
  const report = await verifyModels(a!, b!, { runs: 3 });
  t.is(report.reason, `y[0]: NaN in place of ${report.worst?.expected}`);
});

test('a difference that was found is not forgotten over a run that is not possible', async (t) => {
  // Whether a random index is inside is up to the seed.
  const [a, b] = [1, 2].map((c) =>
    parseText(
      `x: input float[5]\ni: input int64[1]\nc: float = {${c}}\nm = Mul(x, c)\ny = Gather(m, i)`,
    ),
  );
  const statusOf = async (seed: number): Promise<string> =>
    (await verifyModels(a!, b!, { seed, runs: 1 })).status;
  let seed = 0;
  while ((await statusOf(seed)) !== 'failed' || (await statusOf(seed + 1)) !== 'skipped') seed++;
  const report = await verifyModels(a!, b!, { seed, runs: 2 });
  t.like(report, { status: 'failed', reason: 'beyond tolerance', runs: 1 });
});

test('what cannot be run is skipped, with the reason', async (t) => {
  const open = parseText('x: input float[N, H]\ny = Relu(x)');
  const report = await verifyModels(open, open);
  t.is(report.status, 'skipped');
  t.regex(report.reason ?? '', /input x/);
  t.is((await verifyModels(open, open, { inputShapes: { x: [2, 3] } })).status, 'passed');
  const foreign = parseText('x: input float[2]\ny = my.domain.Odd(x)');
  const skipped = await verifyModels(foreign, foreign);
  t.is(skipped.status, 'skipped');
  t.regex(skipped.reason ?? '', /Odd/);
});

test('a fused model that does not run where the original does has failed', async (t) => {
  const a = parseText('x: input float[2, 3]\ny = Identity(x)');
  const b = parseText('x: input float[2, 3]\nW: float[4, 5]\ny = MatMul(x, W)');
  const report = await verifyModels(a, b);
  t.is(report.status, 'failed');
});

test('a tie that flips in float32 is settled in double', async (t) => {
  // 1 + 2^-24 rounds to 1 in float32, so that ArgMax sees a tie; a little more rounds up.
  const text = (small: string): string => `x: input float[2]
    small: float[2] = {0, ${small}}
    sum = Add(x, small)
    at = ArgMax<axis = 0, keepdims = 0>(sum)`;
  const [a, b] = ['5.960464477539063e-8', '8.940696716308594e-8'].map((s) => parseText(text(s)));
  const inputs = [{ x: { type: 'float32' as const, data: Float32Array.of(1, 1), dims: [2] } }];
  const report = await verifyModels(a!, b!, { inputs, backend: 'native' });
  t.is(report.status, 'passed');
  t.regex(report.reason ?? '', /unstable in float32/);
});

test('an aborted verification rejects with the reason', async (t) => {
  const reason = new Error('enough');
  const model = parseText(conv('random(1)'));
  await t.throwsAsync(verifyModels(model, model, { signal: AbortSignal.abort(reason) }), {
    is: reason,
  });
});

test('arguments are checked', async (t) => {
  const model = parseText(conv('random(1)'));
  await t.throwsAsync(verifyModels(model, model, { runs: 0 }), { code: 'ERR_ARGUMENT' });
  await t.throwsAsync(verifyModels(model, model, { seed: 0.5 }), { code: 'ERR_ARGUMENT' });
});
