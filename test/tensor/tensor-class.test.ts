import test from 'ava';

import { Tensor } from '#convfuse/tensor/tensor-class.js';

test('type, data and dimensions as onnxruntime-common takes them', (t) => {
  const data = Float32Array.of(1, 2, 3, 4, 5, 6);
  const x = new Tensor('float32', data, [2, 3]);
  t.is(x.data, data);
  t.like(x, { type: 'float32', dims: [2, 3], size: 6 });
});

test('the array says the type, the length the dimension', (t) => {
  t.like(new Tensor(Int32Array.of(1, 2)), { type: 'int32', dims: [2] });
  t.like(new Tensor(BigInt64Array.of(1n), []), { type: 'int64', dims: [], size: 1 });
  t.like(new Tensor(['a', 'b']), { type: 'string', dims: [2] });
});

test('plain numbers become elements of the type', (t) => {
  t.deepEqual(new Tensor('float32', [1, 2.5]).data, Float32Array.of(1, 2.5));
  t.deepEqual(new Tensor('int64', [1, -2]).data, BigInt64Array.of(1n, -2n));
  t.deepEqual(new Tensor('bool', [1, 0]).data, Uint8Array.of(1, 0));
});

test('what does not fit is refused', (t) => {
  const refused = { code: 'ERR_ARGUMENT' };
  t.throws(() => new Tensor('float32', Float32Array.of(1), [2]), refused);
  t.throws(() => new Tensor('float32', Float64Array.of(1)), refused);
  t.throws(() => new Tensor('float16', [1]), refused);
  t.throws(() => new Tensor(new DataView(new ArrayBuffer(4)) as never), refused);
  t.throws(() => new Tensor('int64', [1.5]), refused);
  t.throws(() => new Tensor(['a', 1] as string[]), refused);
  t.throws(() => new Tensor('float32', undefined as unknown as number[]), refused);
  t.throws(() => new Tensor('nope' as 'float32', [1]), refused);
});
