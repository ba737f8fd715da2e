import test from 'ava';
import fc from 'fast-check';

import type { ConvOptions } from '#convfuse/layers/conv-options.js';
import { FusedConv2d } from '#convfuse/layers/fused-conv2d.js';
import { Random } from '#convfuse/tensor/random.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import type { FloatTensor, Tensor } from '#convfuse/tensor/tensor.js';
import { convCases, difference, exactResult } from '../helpers/conv-case.js';

const random = new Random(3);

function tensor(dims: number[]): FloatTensor {
  return { type: 'float32', data: random.integers(elementCount(dims), -4, 4), dims };
}

const floats = (value: Tensor): Float32Array => value.data as Float32Array;

test('every option reaches the kernel, on either backend', async (t) => {
  await fc.assert(
    fc.asyncProperty(convCases(true), fc.boolean(), async (made, native) => {
      const { spec, dims } = made;
      const { window } = spec;
      const perGroup = (channels: number): number => channels / spec.groups;
      const weightDims = spec.transposed
        ? [spec.inputChannels, perGroup(spec.outputChannels), ...window.kernel]
        : [spec.outputChannels, perGroup(spec.inputChannels), ...window.kernel];
      const { padding } = window;
      const options: ConvOptions = {
        weight: { type: 'float32', data: spec.weight as Float32Array, dims: weightDims },
        bias: spec.bias as Float32Array | undefined,
        stride: window.strides,
        padding:
          typeof padding === 'string'
            ? (padding as 'same-upper')
            : [...padding.begin, ...padding.end],
        dilation: window.dilations,
        groups: spec.groups,
        transposed: spec.transposed !== undefined,
        outputPadding: spec.transposed?.outputPadding,
        backend: native ? 'native' : 'reference',
      };
      const layer = new FusedConv2d(options);
      const x = { type: 'float32' as const, data: made.x, dims };
      const expected = exactResult(made);
      const outDims = (await layer.run(x)).dims;
      const residual = made.residual && {
        type: 'float32' as const,
        data: made.residual,
        dims: outDims,
      };
      t.is(difference(floats(layer.runSync(x, { residual })), expected), undefined);
      const out = {
        type: 'float32' as const,
        data: new Float32Array(expected.length),
        dims: outDims,
      };
      t.is(await layer.run(x, { residual, out }), out);
      t.is(difference(out.data, expected), undefined);
      layer.dispose();
    }),
    { numRuns: 100, seed: 51 },
  );
});

test('nhwc is nchw with the channels moved', async (t) => {
  const weight = tensor([5, 3, 3, 2]);
  const options = { weight, stride: 2, padding: [1, 0], bias: floats(tensor([5])) };
  const first = new FusedConv2d(options);
  const last = new FusedConv2d({ ...options, layout: 'nhwc' });
  const x = tensor([2, 3, 7, 8]);
  const turned = (source: Tensor): FloatTensor => {
    const [n, c, h, w] = source.dims as [number, number, number, number];
    const data = new Float32Array(source.data.length);
    for (let i = 0; i < data.length; i++) {
      const [b, ch, y, xx] = [
        Math.floor(i / (c * h * w)),
        Math.floor(i / (h * w)) % c,
        Math.floor(i / w) % h,
        i % w,
      ];
      data[((b * h + y) * w + xx) * c + ch] = floats(source)[i]!;
    }
    return { type: 'float32', data, dims: [n, h, w, c] };
  };
  const residual = tensor([2, 5, 4, 4]);
  const want = turned(first.runSync(x, { residual }));
  const given = { residual: turned(residual) };
  t.deepEqual(last.runSync(turned(x), given), want);
  t.deepEqual(await last.run(turned(x), given), want);
  const out = tensor([2, 4, 4, 5]);
  t.is(last.runSync(turned(x), { ...given, out }), out);
  t.deepEqual(out.data, want.data);
  out.data.fill(0);
  t.is(await last.run(turned(x), { ...given, out }), out);
  t.deepEqual(out.data, want.data);
});

test('float64 is computed in double', (t) => {
  const weight = { type: 'float64' as const, data: Float64Array.of(0.1), dims: [1, 1, 1, 1] };
  const layer = new FusedConv2d({ weight, bias: Float64Array.of(0.2), activation: 'sigmoid' });
  const y = layer.runSync({ type: 'float64', data: Float64Array.of(3), dims: [1, 1, 1, 1] });
  t.is(y.data[0], 1 / (1 + Math.exp(-(0.1 * 3 + 0.2))));
  t.throws(() => layer.runSync(tensor([1, 1, 1, 1])), { code: 'ERR_ARGUMENT' });
});

test('an object like a tensor of onnxruntime-common will do', (t) => {
  class Ort {
    readonly #data = Float32Array.of(2);
    get type(): 'float32' {
      return 'float32';
    }
    get data(): Float32Array {
      return this.#data;
    }
    get dims(): readonly number[] {
      return [1, 1, 1, 1];
    }
  }
  const layer = new FusedConv2d({ weight: new Ort() });
  t.is(layer.runSync(new Ort()).data[0], 4);
});

test('options and weights are read once', (t) => {
  const weight = tensor([1, 1, 1, 1]);
  weight.data[0] = 2;
  let reads = 0;
  const layer = new FusedConv2d({
    weight,
    backend: 'reference',
    get stride() {
      reads += 1;
      return reads;
    },
  });
  weight.data[0] = 100;
  const x = tensor([1, 1, 2, 2]);
  x.data.fill(1);
  t.deepEqual([...floats(layer.runSync(x))], [2, 2, 2, 2]);
  t.is(reads, 1);
});

test('a result of more elements than arrays have is refused before any work', async (t) => {
  const refused = { code: 'ERR_LIMIT' };
  for (const layout of ['nchw', 'nhwc'] as const) {
    // 2^15 on all sides make 65537 x 65537 elements, which crashed the process; 2^24 make 2^50.
    for (const padding of [2 ** 15, 2 ** 24]) {
      const layer = new FusedConv2d({ weight: tensor([1, 1, 3, 3]), padding, layout });
      const x = tensor(layout === 'nchw' ? [1, 1, 3, 3] : [1, 3, 3, 1]);
      t.throws(() => layer.runSync(x), refused);
      await t.throwsAsync(layer.run(x), refused);
    }
  }
});

test('the algorithm is known after a run; a disposed layer refuses to work', async (t) => {
  const layer = new FusedConv2d({ weight: tensor([1, 1, 1, 1]) });
  t.is(layer.algorithm, 'not chosen before the first run');
  layer.runSync(tensor([1, 1, 2, 2]));
  t.not(layer.algorithm, 'not chosen before the first run');
  layer.dispose();
  layer[Symbol.dispose]();
  const gone = { code: 'ERR_DISPOSED' };
  t.throws(() => layer.algorithm, gone);
  t.throws(() => layer.runSync(tensor([1, 1, 2, 2])), gone);
  await t.throwsAsync(layer.run(tensor([1, 1, 2, 2])), gone);
});
