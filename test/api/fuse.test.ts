import test from 'ava';

import { fuseModel, VerificationError } from '#convfuse/api/fuse.js';
import { loadModel } from '#convfuse/api/load.js';
import { parseText, printText } from '#convfuse/ir/text.js';
import { defineRule } from '#convfuse/rewrite/rule.js';

import { modelBytes, node } from '../helpers/model-builder.js';

const CONV_BN = `x: input float[1, 3, 8, 8]
  y = Conv<pads = [1, 1, 1, 1]>(x, W)
  W: float[4, 3, 3, 3]
  z = BatchNormalization(y, gamma, beta, mean, variance)
  out = Relu(z)`;

test('conv and batch norm become one node, and the original stays as it was', async (t) => {
  const model = parseText(CONV_BN);
  const before = printText(model);
  const { model: fused, report } = await fuseModel(model);
  t.is(printText(model), before);
  t.is(report.status, 'fused');
  t.is(report.before.ops['BatchNormalization'], 1);
  t.false('BatchNormalization' in report.after.ops);
  t.is(fused.graph.nodeCount, 2);
  t.is(report.verification.status, 'passed');
  const [site] = report.sites;
  t.is(site?.verdict, 'fused');
  t.true(site!.check!.samples > 0);
  t.true(site!.check!.error <= 1);
  // The convolution is one pass over memory, batch norm and activation are another; then one for all.
  t.is(report.before.launches, 2);
  t.is(report.after.launches, 1);
});

test('fusing again changes nothing', async (t) => {
  const { model } = await fuseModel(parseText(CONV_BN));
  const again = await fuseModel(model);
  t.is(again.report.status, 'unchanged');
  t.is(printText(again.model), printText(model));
  t.regex(again.report.verification.reason ?? '', /nothing changed/);
});

test('rules can be chosen by name', async (t) => {
  const skip = ['fuse-batch-norm-into-conv'];
  t.is((await fuseModel(parseText(CONV_BN), { skip })).report.status, 'unchanged');
  const only = ['eliminate-identity'];
  t.is((await fuseModel(parseText(CONV_BN), { only })).report.status, 'unchanged');
  await t.throwsAsync(fuseModel(parseText(CONV_BN), { only: ['no-such-rule'] }), {
    code: 'ERR_ARGUMENT',
  });
});

const wrong = defineRule({
  name: 'drop-relu',
  level: 'basic',
  doc: 'Wrong on purpose: Relu(x) = x.',
  roots: ['Relu'],
  match: (relu) => ({ nodes: [relu], into: relu, vanishing: [], parameters: [] }),
  conditions: [],
  rewrite: ({ into }, edit) => {
    const out = into.output(0);
    const node = edit.insertBefore(into, {
      opType: 'Neg',
      inputs: [into.input(0)],
      outputs: [edit.freshName('neg')],
    });
    edit.takeOutput(node, 0, out);
    edit.remove(into);
    return { into: node };
  },
  example: { before: 'y = Relu(x)', after: 'y = Neg(x)' },
});

test('a rule that changes the result is caught, and the report says where', async (t) => {
  const error = await t.throwsAsync(fuseModel(parseText(CONV_BN), { rules: [wrong] }), {
    instanceOf: VerificationError,
    code: 'ERR_VERIFICATION',
  });
  t.is(error.report.verification.status, 'failed');
  t.is(error.report.verification.worst?.output, 'out');
  const { report } = await fuseModel(parseText(CONV_BN), { rules: [wrong], verify: false });
  t.is(report.verification.status, 'skipped');
});

test('a site whose check fails is caught even where the model cannot be run', async (t) => {
  const lying = defineRule({
    ...wrong,
    name: 'lying-rule',
    rewrite: (match, edit, facts) => ({
      ...(wrong.rewrite(match, edit, facts) as { into: never }),
      check: () => ({ error: NaN, bound: 1, samples: 1 }),
    }),
  });
  const open = CONV_BN.replace('[1, 3, 8, 8]', '[N, 3, H, W]');
  await t.throwsAsync(fuseModel(parseText(open), { rules: [lying] }), {
    code: 'ERR_VERIFICATION',
    message: /lying-rule/,
  });
});

test('progress is told, and a signal is heard', async (t) => {
  const phases = new Set<string>();
  await fuseModel(parseText(CONV_BN), { onProgress: ({ phase }) => phases.add(phase) });
  t.deepEqual([...phases], ['fuse', 'check', 'verify']);
  const reason = new Error('enough');
  const signal = AbortSignal.abort(reason);
  await t.throwsAsync(fuseModel(parseText(CONV_BN), { signal }), { is: reason });
});

test('a level that does not exist is refused', async (t) => {
  await t.throwsAsync(fuseModel(parseText(CONV_BN), { level: 'all' as 'basic' }), {
    code: 'ERR_ARGUMENT',
  });
});

test('a model of a later version of ONNX is left alone', async (t) => {
  const nodes = [node('Relu', ['x'], ['y'])];
  for (const later of [{ irVersion: 99 }, { opset: 99 }]) {
    const model = await loadModel(modelBytes({ inputs: ['x'], outputs: ['y'], nodes, ...later }));
    const error = await t.throwsAsync(fuseModel(model), { message: /99/ });
    t.like(error, { code: 'ERR_VERSION' });
  }
});
