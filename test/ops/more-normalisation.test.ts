// LpPool, MeanVarianceNormalization, RMSNormalization, early LayerNormalization and window functions.

import test from 'ava';

import type { Tensor } from '#convfuse/tensor/tensor.js';
import { float, type AttributeSpec } from '../helpers/model-builder.js';
import { dims, pick } from '../helpers/onnxruntime.js';
import { checkCases, normals } from '../helpers/onnxruntime-cases.js';
import { runText, tensorOf } from '../helpers/run-text.js';

checkCases('LpPool', 80, (r) => {
  const rank = r.integer(1, 3);
  const opset = pick(r, [2, 11, 18, 22]);
  const kernel = dims(r, rank, 1, 3);
  const auto = r.integer(0, 3) === 0;
  const attributes: Record<string, AttributeSpec> = {
    kernel_shape: kernel,
    strides: kernel.map((size) => r.integer(1, size)),
    p: r.integer(1, 3),
  };
  if (auto) attributes['auto_pad'] = pick(r, ['SAME_UPPER', 'SAME_LOWER', 'VALID']);
  else attributes['pads'] = [...kernel, ...kernel].map((size) => r.integer(0, size - 1));
  if (opset >= 18 && !auto) {
    attributes['dilations'] = dims(r, rank, 1, 2);
    attributes['ceil_mode'] = r.integer(0, 1);
  }
  return {
    op: 'LpPool',
    opset,
    attributes,
    inputs: [normals(r, r.integer(1, 2), 2, ...dims(r, rank, 5, 8))],
  };
});

checkCases('normalisations', 100, (r) => {
  const x = dims(r, r.integer(2, 4), 1, 5);
  const rank = x.length;
  const axis = r.integer(-rank, rank - 1);
  const own = x.slice(axis < 0 ? axis + rank : axis);
  const epsilon = float(pick(r, [0.1, 1e-5]));
  switch (r.integer(0, 3)) {
    case 0: {
      // Of one element, onnxruntime makes 0 / 0: it adds nothing to deviations.
      const image = dims(r, rank, 2, 5);
      const axes = [...new Set(dims(r, r.integer(1, rank), -rank, rank - 1))];
      const unique = axes.filter((a) => a >= 0 || !axes.includes(a + rank));
      const attributes = { axes: unique };
      return {
        op: 'MeanVarianceNormalization',
        opset: pick(r, [9, 13]),
        attributes,
        inputs: [normals(r, ...image)],
      };
    }
    case 1: {
      const attributes = { across_channels: r.integer(0, 1), normalize_variance: r.integer(0, 1) };
      const image = [...dims(r, 2, 1, 3), ...dims(r, 2, 2, 4)];
      return {
        op: 'MeanVarianceNormalization',
        opset: pick(r, [1, 6]),
        attributes,
        inputs: [normals(r, ...image)],
      };
    }
    case 2: {
      const scale = own.map((size) => (r.integer(0, 3) ? size : 1));
      const inputs = [normals(r, ...x), normals(r, ...scale)];
      return {
        op: 'RMSNormalization',
        opset: pick(r, [23, 24]),
        attributes: { axis, epsilon },
        inputs,
      };
    }
    default:
      return {
        op: 'LayerNormalization',
        opset: pick(r, [6, 11, 16, 17]),
        attributes: { axis, epsilon },
        inputs: [normals(r, ...x), normals(r, ...own), normals(r, ...own)],
      };
  }
});

checkCases('window functions', 60, (r) => ({
  op: pick(r, ['HannWindow', 'HammingWindow', 'BlackmanWindow']),
  opset: 17,
  attributes: { periodic: r.integer(0, 1), output_datatype: 1 },
  inputs: [tensorOf([], [r.integer(2, 40)], 'int64')],
  constant: pick(r, [0, 1]),
}));

const values = (
  text: string,
  feeds: Readonly<Record<string, Tensor>>,
  opset: number,
): readonly number[] => runText(text, feeds, { opset }).values;

test('norms under windows by hand', (t) => {
  const x = tensorOf([1, 1, 2, 3], [3, -4, 0, 0, 0, 12]);
  const y = (attributes: string, opset = 18): readonly number[] =>
    values(`y = LpPool<kernel_shape = [2, 2]${attributes}>(x)`, { x }, opset);
  t.deepEqual(y(''), [5, Math.fround(Math.sqrt(160))]);
  t.deepEqual(y(', p = 1'), [7, 16]);
  t.deepEqual(y(', p = 1.0', 1), [7, 16]);
  t.deepEqual(y(', pads = [1, 0, 0, 0], strides = [2, 1], p = 1'), [7, 4]);
  t.throws(() => y(', p = 0'), { code: 'ERR_MODEL' });
});

test('means, deviations and squares by hand', (t) => {
  const x = tensorOf([1, 2, 1, 2], [1, 3, 10, 20]);
  const mvn = 'y = MeanVarianceNormalization';
  t.deepEqual(values(`${mvn}(x)`, { x }, 13), [-1, 1, -1, 1]);
  t.deepEqual(
    values(`${mvn}<axes = [1, -1]>(x)`, { x: tensorOf([1, 2, 1, 2], [1, 3, 3, 1]) }, 9),
    [-1, 1, 1, -1],
  );
  const plain = `${mvn}<across_channels = 1, normalize_variance = 0>(x)`;
  t.deepEqual(values(plain, { x }, 8), [-7.5, -5.5, 1.5, 11.5]);
  const images = { x: tensorOf([2, 1, 1, 1], [2, 8]) };
  t.deepEqual(values(`${mvn}<normalize_variance = 0>(x)`, images, 1), [-3, 3]);
  t.deepEqual(values(`${mvn}(x)`, { x: tensorOf([1, 1, 1, 2], [4, 4]) }, 13), [0, 0]);
  t.deepEqual(values(`${mvn}(x)`, { x: tensorOf([1, 0, 1, 2], []) }, 13), []);
  t.throws(() => values(`${mvn}<axes = [4]>(x)`, { x }, 13), { code: 'ERR_MODEL' });
  const rms = { x: tensorOf([1, 2], [1, 7]), s: tensorOf([2], [1, 5]) };
  const scaled = 'y = RMSNormalization<epsilon = 0.0>(x, s)';
  t.deepEqual(values(scaled, rms, 23), [Math.fround(0.2), 7]);
});

test('windows by hand', (t) => {
  const y = (op: string, size: number): readonly number[] =>
    values(`y = ${op}(n)`, { n: tensorOf([], [size], 'int64') }, 17).map(
      (v) => Math.round(v * 1e6) / 1e6,
    );
  t.deepEqual(y('HannWindow', 4), [0, 0.5, 1, 0.5]);
  t.deepEqual(y('HannWindow<periodic = 0>', 3), [0, 1, 0]);
  t.deepEqual(y('HammingWindow', 2), [0.086957, 1]);
  t.deepEqual(y('BlackmanWindow', 4).map(Math.abs), [0, 0.34, 1, 0.34]);
  t.deepEqual(y('HannWindow', 0), []);
  t.throws(() => y('HannWindow<output_datatype = 7>', 2), { code: 'ERR_UNSUPPORTED' });
  t.throws(() => y('HannWindow', -1), { code: 'ERR_MODEL' });
});
