import test from 'ava';

import type { Tensor } from '#convfuse/tensor/tensor.js';
import { dims, pick } from '../helpers/onnxruntime.js';
import { checkCases, normals } from '../helpers/onnxruntime-cases.js';
import { runText, tensorOf } from '../helpers/run-text.js';

const whole = (value: number): Tensor => tensorOf([], [value], 'int64');

checkCases('DFT', 80, (r) => {
  const opset = pick(r, [17, 20]);
  const rank = r.integer(1, 3);
  const parts = r.integer(1, 2);
  const axis = r.integer(0, rank - 1);
  const inverse = r.integer(0, 1);
  const side = parts === 1 && inverse === 0 ? r.integer(0, 1) : 0;
  const length = r.integer(0, 1) ? whole(r.integer(1, 9)) : undefined;
  return {
    op: 'DFT',
    opset,
    attributes: { inverse, onesided: side, ...(opset === 17 ? { axis } : {}) },
    inputs: [
      normals(r, ...dims(r, rank, 1, 8), parts),
      ...(opset === 17 ? [length] : [length, whole(axis)]),
    ],
    constant: pick(r, [1, 3]),
  };
});

checkCases('STFT', 40, (r) => {
  const length = r.integer(1, 8);
  const window = r.integer(0, 1) === 1;
  return {
    op: 'STFT',
    opset: 17,
    attributes: { onesided: r.integer(0, 1) },
    inputs: [
      normals(r, r.integer(1, 3), r.integer(8, 20), 1),
      whole(r.integer(1, 5)),
      window ? normals(r, length) : undefined,
      window ? undefined : whole(length),
    ],
    constant: pick(r, [1, 2, 4]),
  };
});

const rounded = (text: string, feeds: Readonly<Record<string, Tensor>>, opset = 20): number[] =>
  runText(text, feeds, { opset }).values.map((value) => Math.round(value * 1e5) / 1e5 + 0);

test('transforms by hand, there and back', (t) => {
  const x = tensorOf([1, 4, 1], [1, 2, 3, 4]);
  t.deepEqual(rounded('y = DFT(x)', { x }), [10, 0, -2, 2, -2, 0, -2, -2]);
  t.deepEqual(rounded('y = DFT<onesided = 1>(x)', { x }), [10, 0, -2, 2, -2, 0]);
  t.deepEqual(rounded('u = DFT(x)\ny = DFT<inverse = 1>(u)', { x }), [1, 0, 2, 0, 3, 0, 4, 0]);
  // Two of the four; and with a zero behind.
  t.deepEqual(rounded('y = DFT(x, n)', { x, n: whole(2) }), [3, 0, -1, 0]);
  t.deepEqual(rounded('y = DFT<axis = 1>(x, n)', { x, n: whole(2) }, 17), [3, 0, -1, 0]);
  for (const [text, code] of [
    ['y = DFT<inverse = 1, onesided = 1>(x)', 'ERR_UNSUPPORTED'],
    ['y = DFT(x, "", n)', 'ERR_MODEL'],
  ] as const) {
    t.throws(() => rounded(text, { x, n: whole(2) }), { code });
  }
  t.throws(() => rounded('y = DFT(x)', { x: tensorOf([1, 4, 3]) }), { code: 'ERR_MODEL' });
});

test('short transforms by hand', (t) => {
  const feeds = { x: tensorOf([1, 4, 1], [1, 2, 3, 4]), hop: whole(2), w: tensorOf([2], [1, 0.5]) };
  t.deepEqual(rounded('y = STFT(x, hop, w)', feeds), [2, 0, 0, 0, 5, 0, 1, 0]);
  const long = { ...feeds, n: whole(5) };
  t.throws(() => rounded('y = STFT(x, hop, "", n)', long), { code: 'ERR_MODEL' });
});
