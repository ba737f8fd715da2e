// Every case of the corpus: what must fuse does, what must stay does, and outputs are right.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import test from 'ava';

import { fuseModel } from '#convfuse/api/fuse.js';
import { encodeModel } from '#convfuse/api/encode.js';
import { loadModel } from '#convfuse/api/load.js';
import { InferenceSession } from '#convfuse/api/session.js';
import type { Model } from '#convfuse/ir/model.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';

import { corpus, readNpy } from '../helpers/corpus.js';
import { firstDifference, judge } from '../helpers/judge.js';

interface Case {
  readonly expect: string;
  readonly bn_after: number | null;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly reference: string | null;
}

const index = corpus('cases/cases.json');
const cases =
  index === undefined ? {} : (JSON.parse(readFileSync(index, 'utf8')) as Record<string, Case>);

// Where the corpus leaves a choice ("fuse-or-skip"), fusing is the aim; these stay, and why.
const STAY = new Map([
  ['conv_out_used_twice', 'the convolution has two consumers'],
  ['conv_bn_after_concat', 'a concatenation stands between'],
  ['model_local_function_conv_bn', 'nothing to fold outside of the function'],
]);

function batchNorms(model: Model): number {
  let count = 0;
  for (const graph of model.graphs()) {
    for (const node of graph.nodes()) if (node.opType === 'BatchNormalization') count += 1;
  }
  return count;
}

for (const [name, { expect, bn_after, inputs, outputs, reference }] of Object.entries(cases)) {
  test(`${name}: ${expect}`, async (t) => {
    const folder = path.dirname(index!);
    const file = path.join(folder, name, 'model.onnx');
    const model = await loadModel(file);
    const { model: fused, report } = await fuseModel(model);
    const before = batchNorms(model);
    const after = batchNorms(fused);
    if (bn_after !== null) t.is(after, bn_after, 'batch norms left');
    else if (/^(fuse|either)/.test(expect) && !STAY.has(name)) t.is(after, 0, 'batch norms left');
    if (/^keep/.test(expect) && bn_after !== null) t.is(after, before);
    // Every batch norm has a verdict.
    const verdicts = report.sites.filter((site) => /batch-norm/.test(site.rule));
    t.true(verdicts.length >= before, `${verdicts.length} verdicts for ${before} batch norms`);
    t.not(report.verification.status, 'failed');

    const feeds: Record<string, Tensor> = {};
    for (const [i, input] of inputs.entries()) {
      const data = path.join(folder, name, `input_${i}.npy`);
      if (existsSync(data)) feeds[input] = readNpy(data);
    }
    if (reference !== null) {
      const session = await InferenceSession.create(fused);
      const results = await session.run(feeds);
      for (const [i, output] of outputs.entries()) {
        const expected = readNpy(path.join(folder, name, `output_${i}.npy`));
        t.is(firstDifference(expected, results[output]!, 1e-5), undefined, output);
      }
    }
    const theirs = await judge(name, encodeModel(model), feeds);
    if (theirs === undefined) return;
    const ours = await judge(`${name}, fused`, encodeModel(fused), feeds);
    for (const [output, tensor] of Object.entries(theirs)) {
      t.is(firstDifference(tensor, ours![output]!, 1e-5), undefined, `onnxruntime: ${output}`);
    }
  });
}

if (index === undefined) test('no corpus, no cases', (t) => t.pass());
