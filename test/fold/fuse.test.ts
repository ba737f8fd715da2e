import test from 'ava';

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { batchNormMatrix, fuseBnConv, fuseConvBn, fuseLinearBn } from '#convfuse/fold/fuse.js';
import type { BatchNormParameters, LayerParameters } from '#convfuse/fold/parameters.js';
import { narrow, widen, type StoredArray } from '#convfuse/fold/stored.js';
import { unitRoundoff, type FloatType } from '#convfuse/tensor/dtype.js';
import { Random } from '#convfuse/tensor/random.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';

import { plainBatchNorm, plainConv } from '../helpers/plain-layer.js';

const backend = new ReferenceBackend('test');

function tensor(type: FloatType, dims: readonly number[], random: Random): Tensor {
  const values = Float64Array.from(random.normals(dims.reduce((a, b) => a * b, 1)));
  return { type, dims, data: narrow(type, values) };
}

function numbers(value: Tensor): Float64Array {
  return widen(value.type as FloatType, value.data as StoredArray);
}

function batchNorm(channels: number, random: Random): BatchNormParameters {
  const normals = () => Float64Array.from(random.normals(channels));
  return {
    weight: normals(),
    bias: normals(),
    runningMean: normals(),
    runningVar: normals().map((v) => v * v + 0.1),
    eps: 1e-3,
  };
}

for (const type of ['float32', 'float64', 'float16', 'bfloat16'] as const) {
  for (const kernel of [[3], [3, 2], [2, 1, 2]]) {
    for (const [groups, transposed, biased] of [
      [1, false, true],
      [2, false, false],
      [6, false, true],
      [1, true, false],
      [3, true, true],
    ] as const) {
      const name = `${type} ${kernel.length}d groups ${groups} transposed ${transposed}`;
      test(`fuseConvBn: BN(conv) equals the fused layer: ${name}`, (t) => {
        const random = new Random(kernel.length * 100 + groups);
        const [inputs, outputs] = [2, 3];
        const [inputChannels, outputChannels] = [inputs * groups, outputs * groups];
        const dims = transposed
          ? [inputChannels, outputs, ...kernel]
          : [outputChannels, inputs, ...kernel];
        const weight = tensor(type, dims, random);
        const bias = biased ? tensor(type, [outputChannels], random) : undefined;
        const bn = batchNorm(outputChannels, random);
        const fused = fuseConvBn({ weight, bias, groups, transposed }, bn, backend);
        t.is(fused.weight.type, type);
        t.is(fused.bias.type, type);
        t.deepEqual(fused.weight.dims, dims);
        t.deepEqual(fused.bias.dims, [outputChannels]);
        const taps = kernel.reduce((a, b) => a * b, 1);
        const shape = { inputChannels, outputChannels, groups, taps, transposed };
        const x = random.normals(inputChannels * taps);
        const y = plainConv({ ...shape, weight: numbers(weight), bias: bias && numbers(bias) }, x);
        const [weights, biases] = [numbers(fused.weight), numbers(fused.bias)];
        const got = plainConv({ ...shape, weight: weights, bias: biases }, x);
        const mass = plainConv(
          { ...shape, weight: weights.map(Math.abs), bias: biases.map(Math.abs) },
          x.map(Math.abs),
        );
        const {
          weight: gamma,
          bias: beta,
          runningMean,
          runningVar,
        } = bn as unknown as Record<string, Float64Array>;
        for (let m = 0; m < outputChannels; m++) {
          const want = plainBatchNorm(
            y[m]!,
            gamma[m]!,
            beta[m]!,
            runningMean[m]!,
            runningVar[m]!,
            1e-3,
          );
          const bound = 2 * unitRoundoff(type) * mass[m]! + 1e-13;
          t.true(Math.abs(got[m]! - want) <= bound, `${m}: ${got[m]} ${want}`);
        }
      });
    }
  }
}

test('what is no object, no type, no padding is refused', (t) => {
  const weight = { type: 'float32' as const, data: new Float32Array(4), dims: [2, 2, 1, 1] };
  const bn = { runningMean: new Float32Array(2), runningVar: new Float32Array(2) };
  const refused = { code: 'ERR_ARGUMENT' };
  for (const value of [undefined, null, 1, 'x']) {
    t.throws(() => fuseConvBn(value as never, bn), refused);
    t.throws(() => fuseConvBn({ weight }, value as never), refused);
    t.throws(() => fuseBnConv(value as never, { weight }), refused);
    t.throws(() => fuseLinearBn(value as never, bn), refused);
    t.throws(() => batchNormMatrix(value as never), refused);
  }
  for (const type of ['nope', 'constructor', undefined]) {
    t.throws(() => fuseConvBn({ weight: { ...weight, type: type as never } }, bn), refused);
  }
  const wide = new Float32Array(2 ** 16).fill(1);
  const large = { runningMean: wide, runningVar: wide };
  t.throws(() => batchNormMatrix(large), { code: 'ERR_LIMIT' });
  t.throws(() => fuseConvBn({ weight, transposed: 'no' as never }, bn), refused);
  for (const padding of [null, 'same', NaN, [0, '1'], {}, true]) {
    t.throws(() => fuseBnConv(bn, { weight, padding: padding as never }), refused);
  }
});

test('plain typed arrays, absent gamma and beta, and the default epsilon', (t) => {
  const weight = { type: 'float32', dims: [2, 1, 1], data: Float32Array.of(1, 2) } as const;
  const statistics = { runningMean: Float32Array.of(1, 2), runningVar: Float32Array.of(4, 9) };
  const fused = fuseConvBn({ weight }, { ...statistics, eps: 0 }, backend);
  t.deepEqual(fused.weight.data, Float32Array.of(0.5, 2 / 3));
  t.deepEqual(fused.bias.data, Float32Array.of(-0.5, -2 / 3));
  const near = fuseConvBn({ weight }, statistics, backend);
  t.is((near.weight.data as Float32Array)[0], Math.fround(1 / Math.sqrt(4 + 1e-5)));
});

test('plain 16-bit arrays have the type of the weight beside them', (t) => {
  const one = narrow('bfloat16', Float64Array.of(1)) as Uint16Array;
  const bn = { runningMean: one, runningVar: one, eps: 0 };
  const weight = { type: 'bfloat16', dims: [1, 1, 1], data: one } as const;
  const fused = fuseConvBn({ weight }, bn, backend);
  t.deepEqual(numbers(fused.bias), Float64Array.of(-1));
  const wide = { type: 'float32', dims: [1, 1, 1], data: Float32Array.of(1) } as const;
  t.throws(() => fuseConvBn({ weight: wide }, bn, backend), { code: 'ERR_ARGUMENT' });
});

test('the arguments are not written to', (t) => {
  const random = new Random(1);
  const weight = tensor('float64', [3, 2, 1], random);
  const bn = batchNorm(3, random);
  const copies = [weight.data, bn.weight, bn.runningVar].map((data) =>
    (data as Float64Array).slice(),
  );
  fuseConvBn({ weight }, bn, backend);
  t.deepEqual([weight.data, bn.weight, bn.runningVar], copies);
});

test('fuseLinearBn: both layouts', (t) => {
  const random = new Random(8);
  const bn = batchNorm(2, random);
  const weight = tensor('float64', [2, 3], random);
  const w = numbers(weight);
  const turned: Tensor = {
    type: 'float64',
    dims: [3, 2],
    data: Float64Array.of(w[0]!, w[3]!, w[1]!, w[4]!, w[2]!, w[5]!),
  };
  const plain = fuseLinearBn({ weight }, bn, backend);
  const other = fuseLinearBn({ weight: turned, transposed: true }, bn, backend);
  const got = numbers(plain.weight);
  const back = numbers(other.weight);
  t.deepEqual(back, Float64Array.of(got[0]!, got[3]!, got[1]!, got[4]!, got[2]!, got[5]!));
  t.deepEqual(plain.bias, other.bias);
  t.throws(() => fuseLinearBn({ weight: tensor('float32', [2, 3, 1], random) }, bn, backend), {
    code: 'ERR_ARGUMENT',
  });
});

test('fuseBnConv: without padding, with zero shifts, and refused otherwise', (t) => {
  const random = new Random(9);
  const weight = tensor('float64', [3, 2, 2, 2], random);
  const bn = batchNorm(2, random);
  const fused = fuseBnConv(bn, { weight }, backend);
  const x = random.normals(8);
  const mapped = Array.from(x, (value, at) => {
    const c = Math.floor(at / 4);
    const of = (value: BatchNormParameters['bias']) => (value as Float64Array)[c]!;
    return plainBatchNorm(
      value,
      of(bn.weight),
      of(bn.bias),
      of(bn.runningMean),
      of(bn.runningVar),
      1e-3,
    );
  });
  const shape = { inputChannels: 2, outputChannels: 3, groups: 1, taps: 4, transposed: false };
  const want = plainConv({ ...shape, weight: numbers(weight) }, mapped);
  const got = plainConv({ ...shape, weight: numbers(fused.weight), bias: numbers(fused.bias) }, x);
  got.forEach((value, m) => t.true(Math.abs(value - want[m]!) < 1e-12));

  for (const padding of [1, [0, 1], 'same-upper'] as const) {
    t.throws(() => fuseBnConv(bn, { weight, padding }, backend), { code: 'ERR_ARGUMENT' });
  }
  const zeros = new Float64Array(2);
  const centred = { ...bn, bias: zeros, runningMean: zeros };
  t.notThrows(() => fuseBnConv(centred, { weight, padding: 1 }, backend));
  t.throws(() => fuseBnConv(batchNorm(3, random), { weight, transposed: true }, backend), {
    code: 'ERR_ARGUMENT',
  });
});

test('batchNormMatrix is diag(s) and beta - s * mean', (t) => {
  const { matrix, bias } = batchNormMatrix({
    weight: Float32Array.of(2, 3),
    bias: Float32Array.of(1, 1),
    runningMean: Float32Array.of(4, 5),
    runningVar: Float32Array.of(4, 1),
    eps: 0,
  });
  t.deepEqual(matrix, { type: 'float32', dims: [2, 2], data: Float32Array.of(1, 0, 0, 3) });
  t.deepEqual(bias, { type: 'float32', dims: [2], data: Float32Array.of(-3, -14) });
  const huge = { runningMean: Float32Array.of(3e38), runningVar: Float32Array.of(1e-6) };
  t.throws(() => batchNormMatrix(huge), { code: 'ERR_NON_FINITE' });
});

const f32 = (...values: number[]) => Float32Array.from(values);
const conv = { weight: { type: 'float32', dims: [2, 1, 1], data: f32(1, 2) } } as const;
const bn = { runningMean: f32(0, 0), runningVar: f32(1, 1) };

const REFUSED: readonly [string, LayerParameters, BatchNormParameters, string][] = [
  ['variance + eps <= 0', conv, { ...bn, runningVar: f32(1, 0), eps: 0 }, 'ERR_NON_FINITE'],
  ['parameters that are not finite', conv, { ...bn, weight: f32(1, NaN) }, 'ERR_NON_FINITE'],
  ['overflow', conv, { ...bn, weight: f32(1, 3e38) }, 'ERR_NON_FINITE'],
  [
    'underflow',
    { weight: { ...conv.weight, data: f32(1, 1e-25) } },
    { ...bn, weight: f32(1, 1e-25) },
    'ERR_PRECISION_LOSS',
  ],
  ['too few channels', conv, { ...bn, runningMean: f32(0) }, 'ERR_ARGUMENT'],
  ['groups that do not divide', { ...conv, groups: 3 }, bn, 'ERR_ARGUMENT'],
  ['groups that are no number', { ...conv, groups: 1.5 }, bn, 'ERR_ARGUMENT'],
  [
    'integers',
    { weight: { type: 'int32', dims: [2, 1, 1], data: Int32Array.of(1, 2) } },
    bn,
    'ERR_ARGUMENT',
  ],
  ['data of another length', { weight: { ...conv.weight, dims: [3, 1, 1] } }, bn, 'ERR_ARGUMENT'],
  ['a weight of rank 1', { weight: { ...conv.weight, dims: [2] } }, bn, 'ERR_ARGUMENT'],
  ['a bias of another length', { ...conv, bias: f32(1) }, bn, 'ERR_ARGUMENT'],
  ['eps that is no number', conv, { ...bn, eps: '1' as never }, 'ERR_ARGUMENT'],
];

for (const [name, layer, norm, code] of REFUSED) {
  test(`fuseConvBn refuses ${name}`, (t) => {
    t.throws(() => fuseConvBn(layer, norm, backend), { code });
  });
}
