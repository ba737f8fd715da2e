// Native resampling against the operator's own loops in double, through a session, on every ISA.

import test from 'ava';

import { Random } from '#convfuse/tensor/random.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';

import { gammaOf } from '../../helpers/bounds.js';
import { firstWrong, runEverywhere } from '../../helpers/native-backends.js';

const MODES = ['nearest', 'linear', 'cubic'];
const COORDINATES = [
  'half_pixel',
  'asymmetric',
  'align_corners',
  'pytorch_half_pixel',
  'half_pixel_symmetric',
  'tf_half_pixel_for_nn',
];

/** Shapes, and the scales of their axes. */
const SHAPES: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [2, 3, 9, 21],
    [1, 1, 2, 2],
  ],
  [
    [1, 5, 4, 7],
    [1, 1, 8, 4],
  ],
  [
    [2, 2, 20, 19],
    [1, 1, 0.5, 0.7],
  ],
  [
    [1, 3, 6, 40],
    [1, 1, 1, 2],
  ],
  [
    [1, 3, 6, 40],
    [1, 1, 1.5, 1],
  ],
  [
    [2, 3, 33],
    [1, 1, 2],
  ],
  [[35], [2]],
  [
    [1, 2, 3, 4, 17],
    [1, 1, 1, 2, 2],
  ],
  [
    [1, 4, 5, 6],
    [1, 2, 2, 2],
  ],
];

function model(dims: readonly number[], scales: readonly number[], attributes: string): string {
  return (
    `x: input float[${dims.join(', ')}]\ns: float[${dims.length}] = {${scales.join(', ')}}\n` +
    `y = Resize<${attributes}>(x, "", s)`
  );
}

function normals(dims: readonly number[]): Float32Array {
  return new Random(3).normals(elementCount(dims));
}

function boundOf(mode: string, data: Float32Array): () => number {
  const most = data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  // Four axes at most; the weights of a cubic axis add up to at most 2 in magnitude.
  const bound = { nearest: 0, linear: gammaOf(12) * most }[mode] ?? 16 * gammaOf(24) * most;
  return () => bound;
}

for (const [dims, scales] of SHAPES) {
  for (const mode of MODES) {
    test(`${mode} of ${dims.join('x')} by ${scales.join('x')}`, (t) => {
      const data = normals(dims);
      const x: Tensor = { type: 'float32', dims, data };
      for (const coordinates of COORDINATES) {
        const attributes = `mode = "${mode}", coordinate_transformation_mode = "${coordinates}"`;
        for (const more of ['', ', nearest_mode = "ceil", exclude_outside = 1']) {
          const text = model(dims, scales, attributes + more);
          const runs = runEverywhere(text, { x }, { opset: 19 });
          t.is(firstWrong(runs, boundOf(mode, data)), undefined, text);
        }
      }
    });
  }
}

test('NaN and infinities reach what they are a part of, and nothing else', (t) => {
  for (const [dims, scales] of SHAPES.slice(0, 4)) {
    for (const mode of MODES) {
      for (const coordinates of ['half_pixel', 'asymmetric', 'align_corners']) {
        for (const odd of [NaN, Infinity, -Infinity]) {
          const data = normals(dims);
          const bound = boundOf(mode, data);
          for (let at = 0; at < data.length; at += 37) data[at] = odd;
          const attributes = `mode = "${mode}", coordinate_transformation_mode = "${coordinates}"`;
          const text = model(dims, scales, attributes);
          const runs = runEverywhere(text, { x: { type: 'float32', dims, data } }, { opset: 19 });
          t.is(firstWrong(runs, bound), undefined, `${odd}: ${text}`);
        }
      }
    }
  }
});

test('Upsample, and sizes that are computed', (t) => {
  const dims = [1, 3, 5, 9];
  const x: Tensor = { type: 'float32', dims, data: normals(dims) };
  const old =
    'x: input float[1, 3, 5, 9]\ny = Upsample<mode = "nearest", scales = [1.0, 1.0, 2.0, 2.0]>(x)';
  t.is(
    firstWrong(runEverywhere(old, { x }, { opset: 7 }), () => 0),
    undefined,
  );
  const computed =
    'x: input float[1, 3, 5, 9]\nz: input int64[4]\ny = Resize<mode = "linear">(x, "", "", z)';
  for (const size of [1n, 9n, 10n]) {
    const z: Tensor = { type: 'int64', dims: [4], data: BigInt64Array.of(1n, 3n, size, 12n) };
    const runs = runEverywhere(computed, { x, z }, { opset: 13 });
    t.is(firstWrong(runs, boundOf('linear', x.data as Float32Array)), undefined, String(size));
  }
});
