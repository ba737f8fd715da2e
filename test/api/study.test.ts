import test from 'ava';

import { studyActivations } from '#convfuse/api/study.js';
import type { ActivationStudyOptions } from '#convfuse/api/study-options.js';
import { InferenceSession } from '#convfuse/api/session.js';
import { checkModel } from '#convfuse/ir/check.js';
import { parseText } from '#convfuse/ir/text.js';
import { Random } from '#convfuse/tensor/random.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { relativeL2 } from '../helpers/bounds.js';

const random = new Random(5);
const numbers = (count: number): string =>
  Array.from({ length: count }, () => random.normal().toFixed(3)).join(', ');

/**
 * Three activations behind convolutions: of the first, whose results are all far above 0, a swap
 * changes nothing; the last is behind a batch norm.
 */
const HEAD = `
  x: input float[1, 2, 5, 5]
  w0: float[2, 2, 1, 1] = {0.1, 0.05, -0.05, 0.1}
  b0: float[2] = {9, 9}
  w1: float[2, 2, 3, 3] = {${numbers(36)}}
  w2: float[3, 2, 5, 5] = {${numbers(150)}}
  g: float[3] = {1, 1.5, 0.5}
  b: float[3] = {0, 0.1, 0.2}
  m: float[3] = {0.1, 0, 0}
  v: float[3] = {1, 2, 3}
  a0 = Conv(x, w0, b0)
`;
const TAIL = `
  a1 = Conv<pads = [1, 1, 1, 1]>(y0, w1)
  y1 = ACT1(a1)
  a2 = Conv(y1, w2)
  n2 = BatchNormalization(a2, g, b, m, v)
  y = ACT2(n2)
`;

const gate = 'h = HardSigmoid<alpha = 0.16666667, beta = 0.5>(a0)\ny0 = Mul(a0, h)\n';
const model = (first = gate, second = 'Gelu', third = 'Mish') =>
  parseText(HEAD + first + TAIL.replace('ACT1', second).replace('ACT2', third), { opset: 20 });

const quiet: ActivationStudyOptions = { timing: false, backend: 'reference', runs: 3, seed: 7 };

test('errors are those of models that were swapped by hand', async (t) => {
  const { study, model: none } = await studyActivations(model(), quiet);
  t.is(none, undefined);
  t.is(study.chosen, undefined);
  t.deepEqual(
    study.layers.map(({ activation, operators, layer }) => [activation, operators.join(), layer]),
    [
      ['hard-swish', 'HardSigmoid,Mul', 'a0'],
      ...study.layers
        .slice(1)
        .map(({ activation }) =>
          activation === 'gelu' ? ['gelu', 'Gelu', 'a1'] : ['mish', 'Mish', 'a2'],
        ),
    ],
  );
  t.is(study.layers[0]!.error.relL2, 0);
  t.true(study.layers[1]!.error.relL2 <= study.layers[2]!.error.relL2);
  const inputs = Array.from({ length: 3 }, (_, run) => ({
    x: { type: 'float32', dims: [1, 2, 5, 5], data: new Random(7 + run).normals(50) } as const,
  }));
  const outputs = async (swapped: ReturnType<typeof model>): Promise<number[]> => {
    const session = await InferenceSession.create(swapped, { backend: 'reference' });
    const values: number[] = [];
    for (const feeds of inputs)
      values.push(...((await session.run(feeds))['y']!.data as Float32Array));
    return values;
  };
  const expected = await outputs(model());
  const byHand = {
    gelu: await outputs(model(gate, 'Relu')),
    mish: await outputs(model(gate, 'Gelu', 'Relu')),
    all: await outputs(model('y0 = Relu(a0)\n', 'Relu', 'Relu')),
  };
  const close = (actual: number, want: number): void => {
    t.true(Math.abs(actual - want) <= 1e-12 * want, `${actual} for ${want}`);
  };
  for (const { activation, error } of study.layers.slice(1)) {
    close(error.relL2, relativeL2(byHand[activation as 'gelu' | 'mish'], expected));
  }
  close(study.total.error.relL2, relativeL2(byHand.all, expected));
  close(
    study.total.error.maxAbs,
    Math.max(...byHand.all.map((y, i) => Math.abs(y - expected[i]!))),
  );
  t.is(study.total.layers, 3);
  // [1, 3, 1, 1]: three classes, one row a run.
  t.is(typeof study.total.error.top1Agreement, 'number');
});

test('the budget takes in what fits, the least harmful first', async (t) => {
  const chosen = async (budget: number) => {
    const result = await studyActivations(model(), { ...quiet, budget });
    const nodes = result.study.layers.filter((layer) => layer.chosen).map(({ node }) => node);
    t.is(result.study.chosen!.layers, nodes.length);
    t.true(result.study.chosen!.error.relL2 <= budget);
    checkModel(result.model!);
    const operators = [...result.model!.graph.nodes()].map(({ opType }) => opType);
    t.is(operators.filter((name) => name === 'Relu').length, nodes.length);
    return { nodes, layers: result.study.layers };
  };
  t.deepEqual((await chosen(0)).nodes, ['y0']);
  t.is((await chosen(1e6)).nodes.length, 3);
  const { layers } = await chosen(0);
  const some = await chosen(layers[1]!.error.relL2 * 1.0001);
  t.deepEqual(some.nodes.slice(0, 2), [layers[0]!.node, layers[1]!.node]);
});

test('inputs of the user', async (t) => {
  const x: Tensor = { type: 'float32', dims: [1, 2, 5, 5], data: new Float32Array(50).fill(0.5) };
  const { study } = await studyActivations(model(), { ...quiet, inputs: [{ x }, { x }] });
  t.like(study, { inputs: 'given', runs: 2 });
  t.is(study.layers.length, 3);
});

test('times of the layers and of the network', async (t) => {
  const phases = new Set<string>();
  const { study } = await studyActivations(model(), {
    runs: 1,
    budget: 1e6,
    timing: { rounds: 2, milliseconds: 1 },
    onProgress: ({ phase }) => phases.add(phase),
  });
  for (const { time } of [...study.layers, study.total, study.chosen!]) {
    t.true(time!.before.median > 0 && time!.after.median > 0);
    t.true(time!.ratio.low <= time!.ratio.median && time!.ratio.median <= time!.ratio.high);
  }
  t.deepEqual([...phases], ['error', 'choose', 'time']);
});

test('a model without such activations', async (t) => {
  const { study, model: swapped } = await studyActivations(model(), {
    ...quiet,
    replace: ['elu'],
    budget: 1,
  });
  t.deepEqual(study.layers, []);
  t.like(study.total, { layers: 0, error: { relL2: 0 } });
  t.false(swapped!.changed);
});

test('wrong arguments, and an abort', async (t) => {
  const wrong = [
    { replace: ['nonsense'] },
    { replace: ['identity'] },
    { replace: ['relu'] },
    { with: 'gelu' },
    { runs: 0 },
    { seed: 0.5 },
    { budget: -1 },
    { budget: NaN },
    { inputs: [] },
  ] as unknown as ActivationStudyOptions[];
  for (const options of wrong) {
    await t.throwsAsync(studyActivations(model(), { ...quiet, ...options }), {
      code: 'ERR_ARGUMENT',
    });
  }
  const reason = new Error('enough');
  const signal = AbortSignal.abort(reason);
  t.is(await t.throwsAsync(studyActivations(model(), { ...quiet, signal })), reason);
});
