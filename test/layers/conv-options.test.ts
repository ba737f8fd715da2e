import test from 'ava';

import { FusedConv2d } from '#convfuse/layers/fused-conv2d.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import type { FloatTensor } from '#convfuse/tensor/tensor.js';

function tensor(dims: number[]): FloatTensor {
  return { type: 'float32', data: new Float32Array(elementCount(dims)).fill(1), dims };
}

const ODD: readonly unknown[] = [
  null,
  true,
  '',
  'x',
  -1,
  0.5,
  NaN,
  Infinity,
  2 ** 32,
  2 ** 53,
  1e308,
  10n,
  Symbol('s'),
  () => 1,
  [],
  [1],
  [1, 2, 3],
  [-1, 1],
  [0.5, 1],
  [NaN, 1],
  ['1', '1'],
  [[1], [1]],
  [1, 2, 3, 4, 5],
  {},
  Object.create(null),
  new Proxy({}, {}),
  new Date(),
  /r/,
  new Map(),
  new Error('e'),
  Promise.resolve(),
  new ArrayBuffer(16),
  new DataView(new ArrayBuffer(4)),
  new Uint8Array(3),
  new Int32Array(3),
  new BigInt64Array(2),
  new Float32Array(7),
  new Proxy(new Float32Array(4), {}),
  { type: 'float32' },
  { type: 'float32', data: [1, 2], dims: [2] },
  { type: 'int8', data: new Int8Array(2), dims: [2] },
  { type: 'float32', data: new Float32Array(2), dims: [3] },
  { type: 'float32', data: new Float32Array(2), dims: '2' },
  { type: 'float16', data: new Uint16Array(1), dims: [1, 1, 1, 1] },
  { type: 'float32', data: new Float32Array(0), dims: [0, 1, 1, 1] },
  { type: 'float32', data: new Float32Array(0), dims: [1, 1, 0, 1] },
  { type: 'float32', data: new Float32Array(1), dims: [1, 1, 1, -1] },
  { type: 'string', data: ['a'], dims: [1, 1, 1, 1] },
  { kind: 'relu7' },
  { kind: 'prelu' },
  { kind: 'clip', alpha: '1' },
];

const OPTIONS = [
  'weight',
  'bias',
  'stride',
  'padding',
  'dilation',
  'groups',
  'activation',
  'transposed',
  'outputPadding',
  'backend',
  'isa',
  'threads',
  'precision',
  'layout',
  'tune',
  'unheard-of',
] as const;

test('odd values for every option and argument: an error with a code, or it works', async (t) => {
  const weight = tensor([2, 2, 3, 3]);
  const x = tensor([1, 2, 5, 5]);
  const codes = ['ERR_ARGUMENT', 'ERR_UNSUPPORTED', 'ERR_NATIVE_LOAD'];
  let refused = 0;
  const attempt = async (name: string, call: () => unknown): Promise<void> => {
    try {
      await call();
    } catch (error) {
      refused += 1;
      const code = (error as { code?: string }).code ?? '';
      if (!codes.includes(code)) t.fail(`${name}: ${String((error as Error).stack)}`);
    }
  };
  const layer = new FusedConv2d({ weight });
  for (const odd of ODD) {
    for (const name of OPTIONS) {
      await attempt(name, () => new FusedConv2d({ weight, [name]: odd }).runSync(x));
    }
    await attempt('options', () => new FusedConv2d(odd as never));
    await attempt('x', () => layer.runSync(odd as never));
    await attempt('x', () => layer.run(odd as never));
    for (const name of ['out', 'residual', 'signal']) {
      await attempt(name, () => layer.runSync(x, { [name]: odd }));
      await attempt(name, () => layer.run(x, { [name]: odd }));
    }
    await attempt('run options', () => layer.run(x, odd as never));
  }
  t.true(refused > 800, `${refused}`);
});
