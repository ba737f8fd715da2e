import test from 'ava';

import { FusedConv2d } from '#convfuse/layers/fused-conv2d.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import type { FloatTensor } from '#convfuse/tensor/tensor.js';

function tensor(dims: number[]): FloatTensor {
  return { type: 'float32', data: new Float32Array(elementCount(dims)).fill(1), dims };
}

test('memory: resizable buffers and overlaps are refused, shared memory is welcome', async (t) => {
  const layer = new FusedConv2d({ weight: tensor([1, 1, 1, 1]) });
  const Resizable = ArrayBuffer as unknown as new (n: number, o: object) => ArrayBuffer;
  const resizable = new Float32Array(new Resizable(16, { maxByteLength: 32 }), 0, 4);
  const dims = [1, 1, 2, 2];
  const argument = { code: 'ERR_ARGUMENT' };
  const x = tensor(dims);
  const moving = { type: 'float32' as const, data: resizable, dims };
  t.throws(() => layer.runSync(moving), argument);
  t.throws(() => layer.runSync(x, { out: moving }), argument);
  await t.throwsAsync(layer.run(x, { residual: moving }), argument);
  t.throws(() => layer.runSync(x, { out: x }), argument);
  t.throws(() => layer.runSync(tensor(dims), { out: x, residual: x }), argument);
  t.is(await layer.run(x, { out: x }), x); // inputs were copied: nothing overlaps
  const shared = (): FloatTensor => {
    const data = new Float32Array(new SharedArrayBuffer(16)).fill(1);
    return { type: 'float32', data, dims };
  };
  const out = shared();
  t.is(layer.runSync(shared(), { out }), out);
  t.is(await layer.run(shared(), { out }), out);
});
