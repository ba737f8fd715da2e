import test from 'ava';

import type { Random } from '#convfuse/tensor/random.js';
import { float } from '../helpers/model-builder.js';
import { dims, pick } from '../helpers/onnxruntime.js';
import { checkCases, normals, type Case } from '../helpers/onnxruntime-cases.js';
import { runText, tensorOf } from '../helpers/run-text.js';

checkCases('Resize against aliasing', 100, (r): Case => {
  const cubic = r.integer(0, 1) === 1;
  const scales = [1, 1, pick(r, [0.3, 0.5, 0.7, 1, 1.5]), pick(r, [0.4, 0.5, 0.8, 2])];
  const sizes = [1, 2, ...dims(r, 2, 1, 9)];
  const bySizes = r.integer(0, 1) === 1;
  const places = ['half_pixel', 'pytorch_half_pixel', 'asymmetric', 'align_corners'];
  return {
    op: 'Resize',
    opset: pick(r, [18, 19]),
    attributes: {
      mode: cubic ? 'cubic' : 'linear',
      antialias: 1,
      coordinate_transformation_mode: pick(r, places),
      ...(cubic ? { exclude_outside: r.integer(0, 1), cubic_coeff_a: float(-0.5) } : {}),
    },
    inputs: [
      normals(r, 1, 2, ...dims(r, 2, 4, 9)),
      undefined,
      bySizes ? undefined : tensorOf([4], scales),
      bySizes ? tensorOf([4], sizes, 'int64') : undefined,
    ],
    constant: pick(r, [1, 4]),
  };
});

/** Where a part of an axis begins and ends. */
function range(r: Random): [number, number] {
  return [r.uniform() - 0.3, 0.6 + r.uniform()].map(Math.fround) as [number, number];
}

checkCases('Resize of a part', 100, (r): Case => {
  const [h, w] = [range(r), range(r)];
  const roi = [0, 0, h[0], w[0], 1, 1, h[1], w[1]];
  const x = dims(r, 2, 2, 6);
  const mode = pick(r, ['nearest', 'linear', 'cubic']);
  const bySizes = r.integer(0, 1) === 1;
  // Against ONNX and TensorFlow, onnxruntime crops no axis whose size stays.
  const out = dims(r, 2, 1, 7).map((size, i) => (size === x[i] ? 8 : size));
  const scales = [1, 1, pick(r, [0.5, 0.7, 1.5, 2]), pick(r, [0.6, 2, 3])];
  return {
    op: 'Resize',
    opset: pick(r, [11, 13, 19]),
    attributes: {
      mode,
      coordinate_transformation_mode: 'tf_crop_and_resize',
      extrapolation_value: float(7.5),
      nearest_mode: pick(r, ['floor', 'ceil', 'round_prefer_floor', 'round_prefer_ceil']),
    },
    inputs: [
      normals(r, 1, 2, ...x),
      tensorOf([8], roi),
      bySizes ? tensorOf([0], []) : tensorOf([4], scales),
      bySizes ? tensorOf([4], [1, 2, ...out], 'int64') : undefined,
    ],
    constant: pick(r, [1, 2, 4]),
  };
});

test('a part of an axis by hand, inside and beyond', (t) => {
  const feeds = {
    x: tensorOf([4], [0, 10, 20, 30]),
    s: tensorOf([1], [4], 'int64'),
  };
  const y = (roi: readonly number[], attributes = ''): readonly number[] => {
    const mode = 'mode = "linear", coordinate_transformation_mode = "tf_crop_and_resize"';
    const r = tensorOf([roi.length], roi);
    return runText(`y = Resize<${mode}${attributes}>(x, r, "", s)`, { ...feeds, r }).values;
  };
  t.deepEqual(y([0, 1]), [0, 10, 20, 30]);
  t.deepEqual(y([0.5, 0.75]).map(Math.round), [15, 18, 20, 23]);
  t.deepEqual(y([1, 2], ', extrapolation_value = -1.0'), [30, -1, -1, -1]);
  t.throws(() => y([0, 0, 1]), { code: 'ERR_MODEL' });
  t.throws(() => y([]), { code: 'ERR_MODEL' });
});

test('half of a row by hand: the filter reaches twice as far', (t) => {
  const feeds = { x: tensorOf([4], [0, 8, 16, 80]), s: tensorOf([1], [0.5]) };
  const text = 'y = Resize<mode = "linear", antialias = 1>(x, "", s)';
  // Weights of 1, 3, 3, 1 eighths around each point, and the outermost ones again beyond the ends.
  t.deepEqual(runText(text, feeds, { opset: 18 }).values, [5, 47]);
});
