import test from 'ava';

import type { DataType } from '#convfuse/tensor/dtype.js';
import { runText, tensorOf } from '../helpers/run-text.js';

function run(text: string, type: DataType, x: number[], y: number[] = []): readonly number[] {
  const feeds = { x: tensorOf([x.length], x, type), y: tensorOf([y.length], y, type) };
  const used = text.includes('y)') ? feeds : { x: feeds.x };
  return runText(`z = ${text}`, used, { opset: 18 }).values;
}

test('And, Or, Xor and Not of bits', (t) => {
  for (const type of ['int8', 'int16', 'int32', 'int64'] as const) {
    t.deepEqual(run('BitwiseAnd(x, y)', type, [12, -1, -4], [10, 5, 7]), [8, 5, 4]);
    t.deepEqual(run('BitwiseOr(x, y)', type, [12, -1, -4], [10, 5, 1]), [14, -1, -3]);
    t.deepEqual(run('BitwiseXor(x, y)', type, [12, -1, 5], [10, 5, 5]), [6, -6, 0]);
    t.deepEqual(run('BitwiseNot(x)', type, [0, -1, 5]), [-1, 0, -6]);
  }
  t.deepEqual(run('BitwiseNot(x)', 'uint8', [0, 254]), [255, 1]);
  t.deepEqual(run('BitwiseNot(x)', 'uint32', [1]), [2 ** 32 - 2]);
  t.deepEqual(run('BitwiseOr(x, y)', 'uint32', [2 ** 31], [1]), [2 ** 31 + 1]);
  t.deepEqual(run('BitwiseAnd(x, y)', 'int16', [7, 9, 12], [5]), [5, 1, 4]);
});

test('BitShift', (t) => {
  const left = 'BitShift<direction = "LEFT">(x, y)';
  const right = 'BitShift<direction = "RIGHT">(x, y)';
  for (const type of ['uint8', 'uint16', 'uint32', 'uint64'] as const) {
    t.deepEqual(run(left, type, [1, 2, 3], [1, 2, 0]), [2, 8, 3]);
    t.deepEqual(run(right, type, [16, 4, 1], [1, 2, 3]), [8, 1, 0]);
    t.deepEqual(run(left, type, [1], [64]), [0]);
    t.deepEqual(run(right, type, [255], [65]), [0]);
  }
  t.deepEqual(run(left, 'uint8', [255], [1]), [254]);
  t.deepEqual(run(left, 'uint32', [3], [31]), [2 ** 31]);
  t.deepEqual(run(right, 'uint32', [2 ** 32 - 1], [31]), [1]);
  t.deepEqual(run(left, 'uint64', [3], [63]), [2 ** 63]);
});

test('what has no bits to work on', (t) => {
  t.throws(() => run('BitwiseAnd(x, y)', 'float32', [1], [1]), { code: 'ERR_UNSUPPORTED' });
  t.throws(() => run('BitwiseNot(x)', 'bool', [1]), { code: 'ERR_UNSUPPORTED' });
  t.throws(() => run('BitShift<direction = "LEFT">(x, y)', 'int32', [1], [1]), {
    code: 'ERR_UNSUPPORTED',
  });
  t.throws(() => run('BitShift(x, y)', 'uint8', [1], [1]), { code: 'ERR_MODEL' });
  const mixed = { x: tensorOf([1], [1], 'uint8'), y: tensorOf([1], [1], 'int8') };
  t.throws(() => runText('z = BitwiseAnd(x, y)', mixed, { opset: 18 }), { code: 'ERR_MODEL' });
});
