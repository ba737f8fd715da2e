import test from 'ava';

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { batchNormAffine, scaling } from '#convfuse/fold/batch-norm.js';
import { foldOutput, type Folded, type OutputFold } from '#convfuse/fold/fold-output.js';
import { nearest, widen } from '#convfuse/fold/stored.js';
import { unitRoundoff, type FloatType } from '#convfuse/tensor/dtype.js';
import { fromFloat16, toFloat16 } from '#convfuse/tensor/half.js';
import { Random } from '#convfuse/tensor/random.js';

import { Rational } from '../helpers/exact.js';

const backend = new ReferenceBackend('test');

function fold(parts: Partial<OutputFold> & Pick<OutputFold, 'weight' | 'affine'>) {
  const rows = parts.affine.scale.length;
  return foldOutput(backend, {
    type: 'float32',
    layout: { groups: 1, outer: 1, rows, cols: parts.weight.length / rows },
    bias: undefined,
    ...parts,
  });
}

function reasonOf(result: ReturnType<typeof foldOutput>): string | undefined {
  return 'reason' in result ? result.reason : undefined;
}

/** Half the distance between neighbours of a float32. */
function halfUlp(value: number): number {
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(value) || 1e-45)));
  return 2 ** (exponent - 24);
}

test('float32: W and b agree with exact arithmetic on random triples', (t) => {
  const random = new Random(11);
  const count = 8_000;
  const parameters = () => Float64Array.from(random.normals(count));
  const gamma = parameters();
  const [beta, mean, bias] = [parameters(), parameters(), parameters()];
  const variance = Float64Array.from({ length: count }, () =>
    Math.fround(10 ** (6 * random.uniform() - 4)),
  );
  const weight = random.normals(count);
  const epsilon = Math.fround(1e-5);
  const affine = batchNormAffine({ gamma, beta, mean, variance, epsilon });
  t.false('reason' in affine);
  const folded = fold({ weight, affine: affine as never, bias }) as Folded;
  const eighth = Rational.of(8 * 2 ** -53);
  for (let c = 0; c < count; c++) {
    const root = Rational.of(variance[c]!).plus(Rational.of(epsilon)).sqrt();
    const s = Rational.of(gamma[c]!).over(root);
    const w = s.times(Rational.of(weight[c]!));
    const got = folded.weight[c]!;
    const wBound = Rational.of(halfUlp(got)).plus(w.abs().times(Rational.of(2 ** -27)));
    const centred = Rational.of(bias[c]!).minus(Rational.of(mean[c]!));
    const b = s.times(centred).plus(Rational.of(beta[c]!));
    const terms = s
      .abs()
      .times(Rational.of(Math.abs(bias[c]!)).plus(Rational.of(Math.abs(mean[c]!))))
      .plus(Rational.of(Math.abs(beta[c]!)));
    const bBound = Rational.of(halfUlp(folded.bias[c]!)).plus(terms.times(eighth));
    if (
      !Rational.of(got).minus(w).abs().atMost(wBound) ||
      !Rational.of(folded.bias[c]!).minus(b).abs().atMost(bBound)
    ) {
      t.fail(`channel ${c}: W ${weight[c]} -> ${got}, b ${bias[c]} -> ${folded.bias[c]}`);
      return;
    }
  }
  t.pass();
});

test('float16: every finite weight, folded with many scales, is rounded once', (t) => {
  const random = new Random(5);
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const finite = bits.filter((b) => Number.isFinite(fromFloat16(b)));
  const scales = Array.from({ length: 24 }, () => random.normal() * 2 ** random.integer(-4, 4));
  for (const scale of [...scales, 1, -1, 0.5, 2]) {
    // Rows hold numbers of like size, so that the rule on losses speaks for each of them.
    const tall = finite.filter((b) => Math.abs(fromFloat16(b) * scale) >= 2 ** -13);
    const safe = tall.filter((b) => Math.abs(fromFloat16(b) * scale) < 65519);
    const folded = fold({ type: 'float16', weight: safe, affine: scaling(Float64Array.of(scale)) });
    if ('reason' in folded) {
      t.fail(`scale ${scale}: ${folded.detail}`);
      return;
    }
    const wrong = safe.findIndex((b, i) => folded.weight[i] !== toFloat16(fromFloat16(b) * scale));
    t.is(wrong, -1, `scale ${scale}`);
    if (Math.abs(scale) > 1) {
      const over = Uint16Array.of(toFloat16((65504 / Math.abs(scale)) * 1.01));
      const beyond = fold({
        type: 'float16',
        weight: over,
        affine: scaling(Float64Array.of(scale * 1.01)),
      });
      t.is(reasonOf(beyond), 'non-finite');
    }
  }
});

test('groups and layouts: each row has its own factor, -0 stays', (t) => {
  const weight = Float32Array.of(1, 2, 3, 4, 5, 6, 7, -0);
  const affine = scaling(Float64Array.of(1, 10, 100, 1000));
  const layout = { groups: 2, outer: 2, rows: 2, cols: 1 };
  const folded = fold({ weight, affine, layout }) as Folded;
  t.deepEqual(folded.weight, Float32Array.of(1, 20, 3, 40, 500, 6000, 700, -0));
  t.true(Object.is(folded.weight[7], -0));
});

test('gain goes into the weight alone', (t) => {
  const affine = { scale: Float64Array.of(2), mean: Float64Array.of(1), shift: Float64Array.of(5) };
  const folded = fold({ weight: Float32Array.of(3), affine, bias: Float64Array.of(4), gain: 0.5 });
  t.deepEqual((folded as Folded).weight, Float32Array.of(3));
  t.deepEqual((folded as Folded).bias, Float32Array.of(11));
});

test('a channel with gamma 0 folds to its beta, and says so', (t) => {
  const affine = { scale: Float64Array.of(0), mean: Float64Array.of(9), shift: Float64Array.of(7) };
  const folded = fold({ weight: Float32Array.of(3, -4), affine }) as Folded;
  t.deepEqual(folded.weight, Float32Array.of(0, -0));
  t.deepEqual(folded.bias, Float32Array.of(7));
  t.regex(folded.detail!, /channel constant: 0/);
});

const TABLE: readonly [string, FloatType, number[], number, string | undefined][] = [
  ['overflow of float32', 'float32', [1e36], 3e5, 'non-finite'],
  ['overflow of float16', 'float16', [60000], 1.1, 'non-finite'],
  ['weight NaN', 'float32', [NaN], 1.5, 'non-finite'],
  ['weight infinite', 'float32', [1, Infinity], 1.5, 'non-finite'],
  ['weight infinite, scale 0', 'float32', [Infinity], 0, 'non-finite'],
  ['scale that float32 rounds to 0', 'float32', [1e20], 1e-46, 'precision-loss'],
  ['scale that float16 rounds to 0', 'float16', [1000], 1e-8, 'precision-loss'],
  ['all weights lost', 'float32', [1e-25], 1e-25, 'precision-loss'],
  ['subnormal results only', 'float32', [1.1e-38, 1.3e-38], 0.3, 'precision-loss'],
  ['subnormal float16 results only', 'float16', [6.1e-5, 6.3e-5], 0.37, 'precision-loss'],
  ['a subnormal tail', 'float32', [1, 1e-40, 1.3e-39], 0.3, undefined],
  ['a subnormal float16 tail', 'float16', [1, 0.5, 1.3e-6], 0.37, undefined],
  ['subnormal but exact', 'float32', [2 ** -126, 2 ** -125], 0.5, undefined],
  ['float64 results below the normal range', 'float64', [1e-200, 1e-160], 1e-150, 'precision-loss'],
  ['a subnormal float64 tail', 'float64', [1, 1e-300], 1e-10, undefined],
  ['zero weights', 'float32', [0, -0], 1.7, undefined],
];

for (const [name, type, values, scale, reason] of TABLE) {
  test(`${reason === undefined ? 'folds' : 'refused'}: ${name}`, (t) => {
    const weight =
      type === 'float64'
        ? Float64Array.from(values)
        : type === 'float32'
          ? Float32Array.from(values)
          : Uint16Array.from(values, toFloat16);
    const affine = scaling(Float64Array.of(scale));
    const folded = fold({ type, weight, affine });
    t.is(reasonOf(folded), reason);
    if ('reason' in folded) return;
    const expected = Array.from(widen(type, weight), (w) => nearest(type, w * scale));
    t.deepEqual([...widen(type, folded.weight)], expected);
  });
}

test('a tail that underflows is reported', (t) => {
  const affine = scaling(Float64Array.of(0.3));
  const folded = fold({ weight: Float32Array.of(1, 1e-40, 1e-45), affine }) as Folded;
  t.regex(folded.detail!, /2 folded weights .* float32, 1 of them 0/);
});

test('the losses allowed are those of rounding', (t) => {
  // One half of the channel's mass is subnormal, and loses a little more than rounding would.
  const u = unitRoundoff('float16');
  const at = 2 ** -14;
  const weight = Uint16Array.of(toFloat16(at), toFloat16(at));
  for (const scale of [0.501, 0.25 + 2 ** -13]) {
    const folded = fold({ type: 'float16', weight, affine: scaling(Float64Array.of(scale)) });
    const lost = Math.abs(nearest('float16', at * scale) - at * scale);
    t.is(reasonOf(folded), lost > u * at * scale ? 'precision-loss' : undefined, `${scale}`);
  }
});

test('a channel of subnormal weights folds where its bias outweighs the loss', (t) => {
  // 614.45 subnormal steps: rounding loses 0.45 of them, which lies between u and 2u.
  const weight = Uint16Array.of(toFloat16(2 ** -14));
  const scale = Float64Array.of(614.45 / 1024);
  const u = unitRoundoff('float16');
  const products = Array.from(widen('float16', weight), (w) => w * scale[0]!);
  const lost = products.reduce((sum, p) => sum + Math.abs(nearest('float16', p) - p), 0);
  const mass = products.reduce((sum, p) => sum + p, 0);
  t.true(lost > u * mass && lost < 2 * u * mass);
  const affine = (shift: number) => ({
    scale,
    mean: Float64Array.of(0),
    shift: Float64Array.of(shift),
  });
  t.is(reasonOf(fold({ type: 'float16', weight, affine: affine(0) })), 'precision-loss');
  t.is(reasonOf(fold({ type: 'float16', weight, affine: affine(0.5) })), undefined);
  // However large the bias: weights that are lost for good are not made up for.
  const tiny = Uint16Array.of(toFloat16(2 ** -20));
  t.is(reasonOf(fold({ type: 'float16', weight: tiny, affine: affine(9) })), 'precision-loss');
});
