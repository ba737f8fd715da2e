import test from 'ava';

import type { ConvSpec } from '#convfuse/backend/backend.js';
import { convShape, threeAxes } from '#convfuse/backend/conv-shape.js';
import type { Padding } from '#convfuse/tensor/window.js';

function spec(stride: number, padding: Padding, outputPadding?: number): ConvSpec {
  return {
    weight: new Float32Array(3),
    bias: undefined,
    inputChannels: 1,
    outputChannels: 1,
    groups: 1,
    window: { kernel: [3], strides: [stride], dilations: [1], padding },
    transposed: outputPadding === undefined ? undefined : { outputPadding: [outputPadding] },
    activation: { kind: 'identity', alpha: 0, beta: 0 },
    precision: 'strict',
    threads: undefined,
  };
}

const none: Padding = { begin: [0], end: [0] };

test('plain', (t) => {
  t.like(convShape(spec(2, { begin: [1], end: [0] }), [4, 1, 7]), {
    batch: 4,
    input: [7],
    padBegin: [1],
    output: [3],
  });
});

test('SAME pads of nothing make nothing', (t) => {
  for (const padding of ['same-upper', 'same-lower'] as const) {
    t.like(convShape(spec(2, padding), [1, 1, 0]), { padBegin: [0], output: [0] });
  }
});

test('transposed: the formula of ONNX, with explicit and with SAME pads', (t) => {
  t.like(convShape(spec(2, none, 1), [1, 1, 4]), { padBegin: [0], output: [10] });
  t.like(convShape(spec(2, { begin: [1], end: [2] }, 0), [1, 1, 4]), {
    padBegin: [1],
    output: [6],
  });
  // full = 2 * 3 + 3 = 9, wanted 8: one pad, at the end for upper.
  t.like(convShape(spec(2, 'same-upper', 0), [1, 1, 4]), { padBegin: [0], output: [8] });
  t.like(convShape(spec(2, 'same-lower', 0), [1, 1, 4]), { padBegin: [1], output: [8] });
  // A stride above the kernel leaves gaps, and nothing to cut.
  t.like(convShape(spec(5, 'same-upper', 0), [1, 1, 2]), { padBegin: [0], output: [10] });
});

test('refusals', (t) => {
  t.throws(() => convShape(spec(1, none), [1, 1]), { code: 'ERR_ARGUMENT' });
  t.throws(() => convShape(spec(1, none), [1, 2, 5]), { code: 'ERR_ARGUMENT' });
  t.throws(() => convShape(spec(1, none), [1, 1, 2]), { code: 'ERR_ARGUMENT' });
  t.throws(() => convShape(spec(1, { begin: [2], end: [2] }, 0), [1, 1, 1]), {
    code: 'ERR_ARGUMENT',
  });
});

test('missing leading axes are filled', (t) => {
  t.deepEqual(threeAxes([5], 1), [1, 1, 5]);
  t.deepEqual(threeAxes([4, 5, 6], 0), [4, 5, 6]);
});
