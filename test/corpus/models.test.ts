// Real trained models: all batch norms that can be folded are, and outputs stay the same, by our
// own session against recorded ones and by onnxruntime.

import { existsSync } from 'node:fs';

import test, { type ExecutionContext } from 'ava';

import { compareOutputs } from '#convfuse/api/compare.js';
import { encodeModel } from '#convfuse/api/encode.js';
import { fuseModel } from '#convfuse/api/fuse.js';
import { loadModel } from '#convfuse/api/load.js';
import { randomInputs } from '#convfuse/api/random-inputs.js';
import { InferenceSession } from '#convfuse/api/session.js';
import type { Value } from '#convfuse/ir/value.js';
import { requiredInputs } from '#convfuse/ir/view.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';

import { corpus, readNpy } from '../helpers/corpus.js';
import { judge } from '../helpers/judge.js';

interface Expectation {
  readonly file: string;
  /** Batch norms before and after. */
  readonly batchNorms: readonly [number, number];
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  readonly tolerance?: number;
}

const PPOCR = { x: [1, 3, 48, 192] };

const MODELS: readonly Expectation[] = [
  { file: 'ultraface/version-slim-320.onnx', batchNorms: [25, 0] },
  { file: 'ultraface/version-slim-320_simplified.onnx', batchNorms: [0, 0] },
  { file: 'ultraface/version-slim-320_without_postprocessing.onnx', batchNorms: [25, 0] },
  { file: 'ppocr/ch_ppocr_mobile_v2.0_cls_infer.onnx', batchNorms: [35, 0], shapes: PPOCR },
  { file: 'polygraphy/residual_block.onnx', batchNorms: [5, 0] },
  { file: 'burn-mnist/mnist.onnx', batchNorms: [2, 0] },
  { file: 'onnx2c-mnist/pytorch.onnx', batchNorms: [2, 0] },
  { file: 'finn/build_dataflow.onnx', batchNorms: [3, 3] },
  { file: 'qonnx/espcn_subpixel_float.onnx', batchNorms: [0, 0] },
  { file: 'onnc/5226_BatchNormalization.onnx', batchNorms: [1, 0] },
  { file: 'onnc/5236_BatchNormalization.onnx', batchNorms: [1, 0] },
  { file: 'yunet/yunet_s_320_320.onnx', batchNorms: [0, 0] },
  { file: 'fastestdet/FastestDet.onnx', batchNorms: [0, 0] },
  { file: 'fns/candy.onnx', batchNorms: [0, 0] },
  { file: 'mnist/mnist.onnx', batchNorms: [0, 0] },
  { file: 'mnist/cnn_mnist_pytorch.onnx', batchNorms: [0, 0] },
  { file: 'blazeface/face_detection_front_128x128.onnx', batchNorms: [0, 0] },
  { file: 'openwakeword/embedding_model.onnx', batchNorms: [0, 0] },
  { file: 'derived-fp16/residual_block_fp16.onnx', batchNorms: [5, 0], tolerance: 1e-2 },
];

for (const { file, batchNorms, shapes, tolerance = 1e-4 } of MODELS) {
  test.serial(`${file}: batch norms ${batchNorms.join(' -> ')}`, async (t) => {
    const where = corpus(`models/${file}`);
    if (where === undefined) {
      t.pass();
      return;
    }
    const model = await loadModel(where);
    const options = { constantInitializers: true, verify: { inputShapes: shapes } };
    const { model: fused, report } = await fuseModel(model, options);
    const [before, after] = batchNorms;
    t.is(report.before.ops['BatchNormalization'] ?? 0, before);
    t.is(report.after.ops['BatchNormalization'] ?? 0, after);
    if (report.status === 'unchanged') t.deepEqual(encodeModel(fused), encodeModel(model));
    else t.is(report.verification.status, 'passed', report.verification.reason);

    const recorded = recordings(where, requiredInputs(model.graph));
    if (recorded !== undefined) {
      const results = await (await InferenceSession.create(fused)).run(recorded.feeds);
      Object.values(results).forEach((tensor, i) => {
        compare(t, tensor, recorded.outputs[i]!, tolerance, `output ${i}`);
      });
    }
    if (report.status === 'unchanged') return;
    const feeds = recorded?.feeds ?? randomInputs(model, 1, shapes);
    const theirs = await judge(file, encodeModel(model), feeds);
    const ours = await judge(`${file}, fused`, encodeModel(fused), feeds);
    if (theirs === undefined) return;
    for (const [name, tensor] of Object.entries(theirs)) {
      compare(t, ours![name]!, tensor, tolerance, `onnxruntime ${name}`);
    }
  });
}

test.serial('overridable initializers are left alone unless the user says so', async (t) => {
  const where = corpus('models/ultraface/version-slim-320.onnx');
  if (where === undefined) {
    t.pass();
    return;
  }
  const { report } = await fuseModel(await loadModel(where));
  t.is(report.status, 'unchanged');
  const reasons = report.sites.filter(({ rule }) => rule === 'fuse-batch-norm-into-conv');
  t.is(reasons.length, 25);
  t.true(reasons.every(({ reason }) => reason === 'overridable-input'));
});

test.serial('folded weights equal those of a peer', async (t) => {
  const unfused = corpus('models/ultraface/version-slim-320_without_postprocessing.onnx');
  const simplified = corpus('models/ultraface/version-slim-320_simplified.onnx');
  if (unfused === undefined || simplified === undefined) {
    t.pass();
    return;
  }
  const { model } = await fuseModel(await loadModel(unfused), { constantInitializers: true });
  const [ours, theirs] = [model, await loadModel(simplified)].map((net) =>
    [...net.graph.nodes()]
      .filter((node) => node.is('Conv'))
      .map((node) =>
        node.inputs.slice(1).map((value) => value!.initializer!.read().data as Float32Array),
      ),
  );
  t.is(ours!.length, 42);
  let worst = 0;
  // Both keep the order of the original's convolutions.
  for (const [i, parameters] of theirs!.entries()) {
    for (const [k, expected] of parameters.entries()) {
      const actual = ours![i]![k]!;
      t.is(actual.length, expected.length);
      const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      for (let e = 0; e < expected.length; e++) {
        worst = Math.max(worst, Math.abs(actual[e]! - expected[e]!) / largest);
      }
    }
  }
  t.true(worst <= 2e-7, `largest relative difference ${worst}`);
});

function recordings(model: string, inputs: readonly Value[]) {
  const folder = model.replace(/\.onnx$/, '.io');
  if (!existsSync(folder)) return undefined;
  const feeds = Object.fromEntries(
    inputs.map(({ name }, i) => [name, readNpy(`${folder}/input_${i}.npy`)]),
  );
  const outputs: Tensor[] = [];
  for (let i = 0; existsSync(`${folder}/output_${i}.npy`); i++) {
    outputs.push(readNpy(`${folder}/output_${i}.npy`));
  }
  return { feeds, outputs };
}

function compare(
  t: ExecutionContext,
  actual: Tensor,
  expected: Tensor,
  rtol: number,
  label: string,
): void {
  const { equal, problem, relL2 } = compareOutputs(label, expected, actual, { rtol, atol: 0 });
  t.true(equal, problem ?? `${label}: relative L2 ${relL2}`);
}
