import test from 'ava';

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { scaling } from '#convfuse/fold/batch-norm.js';
import { foldInput, inputShift, type InputFold } from '#convfuse/fold/fold-input.js';
import type { Folded } from '#convfuse/fold/fold-output.js';
import { Random } from '#convfuse/tensor/random.js';

import { plainConv } from '../helpers/plain-layer.js';

const backend = new ReferenceBackend('test');

function layer(transposed: boolean, groups: number, taps: number, random: Random): InputFold {
  const inputChannels = 4 * groups;
  const outputChannels = 3 * groups;
  const normals = (count: number) => Float64Array.from(random.normals(count));
  return {
    type: 'float64',
    weight: normals((inputChannels * outputChannels * taps) / groups),
    transposed,
    groups,
    inputChannels,
    outputChannels,
    taps,
    bias: normals(outputChannels),
    affine: {
      scale: normals(inputChannels),
      mean: normals(inputChannels),
      shift: normals(inputChannels),
    },
  };
}

for (const groups of [1, 2, 5]) {
  for (const transposed of [false, true]) {
    test(`the map in front equals the folded layer: groups ${groups}, transposed ${transposed}`, (t) => {
      const random = new Random(groups);
      const fold = layer(transposed, groups, transposed ? 1 : 9, random);
      const { affine, taps } = fold;
      const folded = foldInput(backend, fold) as Folded;
      const x = random.normals(fold.inputChannels * taps);
      const mapped = Array.from(x, (value, at) => {
        const i = Math.floor(at / taps);
        return affine.scale[i]! * (value - affine.mean[i]!) + affine.shift[i]!;
      });
      const want = plainConv({ ...fold, weight: fold.weight as Float64Array }, mapped);
      const got = plainConv(
        { ...fold, weight: folded.weight as Float64Array, bias: folded.bias as Float64Array },
        x,
      );
      for (let m = 0; m < want.length; m++) t.true(Math.abs(got[m]! - want[m]!) < 1e-12);
    });
  }
}

test('gain scales weights and shifts, not the bias', (t) => {
  const fold = layer(false, 1, 1, new Random(3));
  const plain = foldInput(backend, { ...fold, bias: undefined }) as Folded;
  const gained = foldInput(backend, { ...fold, gain: 2 }) as Folded;
  t.deepEqual(
    gained.weight,
    Float64Array.from(plain.weight as Float64Array, (w) => 2 * w),
  );
  const want = Array.from(plain.bias, (b, m) => fold.bias![m]! + 2 * b);
  t.deepEqual([...gained.bias], want);
});

test('refused: a shift before a transposed layer with several taps', (t) => {
  const fold = layer(true, 1, 4, new Random(4));
  const result = foldInput(backend, fold);
  t.is('reason' in result ? result.reason : undefined, 'padding');
  const scaled = foldInput(backend, { ...fold, affine: scaling(fold.affine.scale) });
  t.false('reason' in scaled);
});

test('losses count per output channel, not per input channel', (t) => {
  const fold: InputFold = {
    ...layer(false, 1, 1, new Random(1)),
    type: 'float32',
    inputChannels: 2,
    outputChannels: 2,
    bias: undefined,
    affine: scaling(Float64Array.of(1, 0.3)),
    weight: Float32Array.of(1, 1e-40, 2, 1),
  };
  t.false('reason' in foldInput(backend, fold), 'a tail in channel 0 of the output');
  const lost = foldInput(backend, { ...fold, weight: Float32Array.of(0, 1e-40, 2, 1) });
  t.is('reason' in lost ? lost.reason : undefined, 'precision-loss');
  const overflow = foldInput(backend, {
    ...fold,
    weight: Float32Array.of(1, 3e38, 0, 1),
    affine: scaling(Float64Array.of(1, 2)),
  });
  t.is('reason' in overflow ? overflow.reason : undefined, 'non-finite');
});

test('the shift is what an input of 0 becomes', (t) => {
  const affine = { scale: Float64Array.of(2), mean: Float64Array.of(3), shift: Float64Array.of(7) };
  t.deepEqual(inputShift(affine), Float64Array.of(1));
});
