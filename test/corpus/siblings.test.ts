// The siblings of the corpus, at level extended: how many convolutions are left, and what they compute.

import { readFileSync } from 'node:fs';
import path from 'node:path';

import test from 'ava';

import { encodeModel } from '#convfuse/api/encode.js';
import { fuseModel } from '#convfuse/api/fuse.js';
import { loadModel } from '#convfuse/api/load.js';
import { InferenceSession } from '#convfuse/api/session.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';

import { corpus, readNpy } from '../helpers/corpus.js';
import { firstDifference } from '../helpers/judge.js';

interface Case {
  readonly conv_after: number | null;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

const index = corpus('cases/cases.json');
const cases =
  index === undefined ? {} : (JSON.parse(readFileSync(index, 'utf8')) as Record<string, Case>);

for (const [name, { conv_after, inputs, outputs }] of Object.entries(cases)) {
  if (!name.startsWith('sib_') && name !== 'two_bn_same_parent_names') continue;
  test(name, async (t) => {
    const folder = path.join(path.dirname(index!), name);
    const model = await loadModel(path.join(folder, 'model.onnx'));
    const options = { level: 'extended' } as const;
    const { model: fused } = await fuseModel(model, options);
    const convolutions = [...fused.graph.nodes()].filter((node) => node.opType === 'Conv');
    if (conv_after !== null) t.is(convolutions.length, conv_after);
    const feeds: Record<string, Tensor> = {};
    inputs.forEach((input, i) => (feeds[input] = readNpy(path.join(folder, `input_${i}.npy`))));
    const session = await InferenceSession.create(fused);
    const results = await session.run(feeds);
    for (const [i, output] of outputs.entries()) {
      const expected = readNpy(path.join(folder, `output_${i}.npy`));
      t.is(firstDifference(expected, results[output]!, 1e-5), undefined, output);
    }
    const bytes = encodeModel(fused);
    const again = await fuseModel(await loadModel(bytes), options);
    t.deepEqual(encodeModel(again.model), bytes, 'a second time changes nothing');
  });
}

if (index === undefined) test('no corpus, no cases', (t) => t.pass());
