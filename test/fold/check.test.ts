import test from 'ava';

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { batchNormAffine, type ChannelAffine, type Statistics } from '#convfuse/fold/batch-norm.js';
import { checkFold, type FoldedSite } from '#convfuse/fold/check.js';
import { foldInput } from '#convfuse/fold/fold-input.js';
import { foldOutput, type Folded, type WeightLayout } from '#convfuse/fold/fold-output.js';
import type { LayerGeometry } from '#convfuse/fold/sample-positions.js';
import { narrow, type StoredArray } from '#convfuse/fold/stored.js';
import type { FloatType } from '#convfuse/tensor/dtype.js';
import { Random } from '#convfuse/tensor/random.js';

const backend = new ReferenceBackend('test');

const WINDOW = {
  kernel: [3, 3],
  strides: [2, 1],
  dilations: [1, 2],
  padding: { begin: [1, 2], end: [1, 0] },
} as const;

interface Layer {
  geometry: LayerGeometry;
  layout: WeightLayout;
  type: FloatType;
  weight: StoredArray;
  bias: Float64Array;
  statistics: Statistics;
}

function layer(groups: number, transposed: boolean, type: FloatType = 'float32'): Layer {
  const random = new Random(groups + (transposed ? 100 : 0));
  const [inputs, outputs] = [3, 4];
  const inputChannels = inputs * groups;
  const outputChannels = outputs * groups;
  const numbers = (count: number) => Float64Array.from(random.normals(count));
  const stored = (count: number) => narrow(type, numbers(count));
  return {
    geometry: { inputChannels, outputChannels, groups, window: WINDOW, transposed },
    layout: transposed
      ? { groups, outer: inputs, rows: outputs, cols: 9 }
      : { groups: 1, outer: 1, rows: outputChannels, cols: inputs * 9 },
    type,
    weight: stored(groups * inputs * outputs * 9),
    bias: numbers(outputChannels),
    statistics: {
      gamma: numbers(outputChannels),
      beta: numbers(outputChannels),
      mean: numbers(outputChannels),
      variance: numbers(outputChannels).map((v) => v * v + 0.01),
      epsilon: 1e-5,
    },
  };
}

/** The site of a fold that was made with `wrong` in place of what the file says. */
function siteOf(of: Layer, wrong: Partial<Layer> = {}): FoldedSite {
  const made = { ...of, ...wrong };
  const affine = batchNormAffine(made.statistics) as ChannelAffine;
  const folded = foldOutput(backend, { ...made, affine }) as Folded;
  return {
    type: of.type,
    geometry: of.geometry,
    before: { weight: () => of.weight, bias: of.bias },
    after: folded,
    map: of.statistics,
    side: 'output',
  };
}

function swapped(values: Float64Array): Float64Array {
  const out = values.slice();
  [out[0], out[1]] = [values[1]!, values[0]!];
  return out;
}

for (const type of ['float32', 'float64', 'float16', 'bfloat16'] as const) {
  for (const groups of [1, 3]) {
    for (const transposed of [false, true]) {
      test(`a right fold passes: ${type}, groups ${groups}, transposed ${transposed}`, (t) => {
        const { error, bound, samples } = checkFold(siteOf(layer(groups, transposed, type)), 7);
        t.true(error <= 1, `${error}`);
        t.true(bound > 0);
        t.true(samples >= 9 * 4);
      });
    }
  }
}

test('a wrong epsilon is caught', (t) => {
  for (const transposed of [false, true]) {
    const right = layer(2, transposed);
    const site = siteOf(right, { statistics: { ...right.statistics, epsilon: 1.1e-5 } });
    t.true(checkFold(site, 1).error > 1);
  }
});

test('a wrong epsilon is caught from the samples alone', (t) => {
  // The same numbers before and after, so that only the sampled outputs can tell.
  const right = layer(1, false);
  const site = siteOf(right);
  t.true(checkFold({ ...site, map: { ...right.statistics, epsilon: 1e-3 } }, 1).error > 1);
});

test('swapped channels are caught, in every parameter', (t) => {
  const right = layer(2, true);
  for (const name of ['gamma', 'beta', 'mean', 'variance'] as const) {
    const statistics = { ...right.statistics, [name]: swapped(right.statistics[name]) };
    t.true(checkFold(siteOf(right, { statistics }), 1).error > 1, name);
  }
  t.true(checkFold(siteOf(right, { bias: swapped(right.bias) }), 1).error > 1);
});

test('factors along the wrong axis of a grouped transposed weight are caught', (t) => {
  const right = layer(3, true);
  const { groups, outer, rows, cols } = right.layout;
  const layout = { groups: 1, outer: groups * outer, rows, cols };
  const affine = batchNormAffine(right.statistics) as ChannelAffine;
  const first = (values: Float64Array) => values.subarray(0, rows);
  const wrong = foldOutput(backend, {
    ...right,
    layout,
    affine: { scale: first(affine.scale), mean: first(affine.mean), shift: first(affine.shift) },
    bias: undefined,
  }) as Folded;
  const site = siteOf(right);
  t.true(
    checkFold({ ...site, after: { weight: wrong.weight, bias: site.after.bias } }, 1).error > 1,
  );
});

test('one weight that is off by more than rounding is caught, in any channel', (t) => {
  const right = layer(1, false);
  const site = siteOf(right);
  for (const at of [0, 5, site.after.weight.length - 1]) {
    const weight = site.after.weight.slice() as Float32Array;
    weight[at] = weight[at]! * (1 + 2 ** -21);
    t.true(checkFold({ ...site, after: { ...site.after, weight } }, 1).error > 1);
  }
});

test('numbers that are not finite fail', (t) => {
  const site = siteOf(layer(1, false));
  const weight = site.after.weight.slice() as Float32Array;
  weight[3] = NaN;
  t.is(checkFold({ ...site, after: { ...site.after, weight } }, 1).error, Infinity);
});

test('a fold from in front passes, and is caught when padding makes it wrong', (t) => {
  const random = new Random(2);
  const { geometry, weight, bias, statistics } = layer(1, false);
  const { inputChannels, outputChannels } = geometry;
  const part = (values: Float64Array) => values.subarray(0, inputChannels);
  const map = {
    gamma: part(statistics.gamma),
    beta: part(statistics.beta),
    mean: part(statistics.mean),
    variance: part(statistics.variance),
    epsilon: statistics.epsilon,
  };
  const affine = batchNormAffine(map) as ChannelAffine;
  const common = { type: 'float32', weight, transposed: false, groups: 1, taps: 9 } as const;
  const fold = { ...common, inputChannels, outputChannels, bias, affine };
  const after = foldInput(backend, fold) as Folded;
  const before = { weight: () => weight, bias };
  const unpadded = { ...geometry, window: { ...WINDOW, padding: 'valid' as const } };
  const site = { type: 'float32', before, after, map, side: 'input' } as const;
  const seed = random.bits();
  t.true(checkFold({ ...site, geometry: unpadded }, seed).error <= 1);
  t.true(checkFold({ ...site, geometry }, seed).error > 1);
});

test('the cost of a large layer is bounded', (t) => {
  const random = new Random(1);
  const [inputChannels, outputChannels] = [512, 512];
  const numbers = (count: number) => Float64Array.from(random.normals(count));
  const weight = new Float32Array(inputChannels * outputChannels * 9).fill(0.01);
  const window = { ...WINDOW, strides: [1, 1], dilations: [1, 1] };
  const geometry = { inputChannels, outputChannels, groups: 1, window, transposed: false };
  const statistics = {
    gamma: numbers(outputChannels),
    beta: numbers(outputChannels),
    mean: numbers(outputChannels),
    variance: numbers(outputChannels).map((v) => v * v + 0.01),
    epsilon: 1e-5,
  };
  const layout = { groups: 1, outer: 1, rows: outputChannels, cols: inputChannels * 9 };
  const bias = numbers(outputChannels);
  const site = siteOf({ geometry, layout, type: 'float32', weight, bias, statistics });
  const start = performance.now();
  const { error, samples } = checkFold(site, 1);
  t.log(`${(performance.now() - start).toFixed(1)} ms for ${weight.length} weights`);
  t.true(error <= 1);
  t.is(samples, 9 * 4);
});
