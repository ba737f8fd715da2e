import test from 'ava';

import { convLayer } from '#convfuse/api/conv-layers.js';
import { LayerPair, type Epilogue } from '#convfuse/api/layer-pair.js';
import { parseText } from '#convfuse/ir/text.js';
import { Inference } from '#convfuse/ops/infer.js';

const NOTHING: Epilogue = { before: 0, behind: 0, residual: false, activation: undefined };

function layerOf(text: string) {
  const { graph } = parseText(text);
  return convLayer(graph.last!, new Inference({ lenient: true }))!;
}

const GEOMETRIES = {
  plain: 'x: input float[2, 3, 7, 6]\nw: float[4, 3, 3, 3]\nb: float[4]\ny = Conv(x, w, b)',
  grouped:
    'x: input float[1, 4, 7, 6]\nw: float[6, 2, 3, 1]\n' +
    'y = Conv<group = 2, strides = [2, 1], dilations = [1, 2], pads = [1, 0, 2, 1]>(x, w)',
  same: 'x: input float[1, 2, 7, 6]\nw: float[2, 2, 3, 2]\ny = Conv<auto_pad = "SAME_UPPER">(x, w)',
  transposed:
    'x: input float[1, 2, 4, 4]\nw: float[2, 3, 3, 3]\n' +
    'y = ConvTranspose<strides = [2, 2], output_padding = [1, 0]>(x, w)',
  line: 'x: input float[1, 2, 9]\nw: float[2, 2, 3]\ny = Conv(x, w)',
};

for (const [name, text] of Object.entries(GEOMETRIES)) {
  test(`${name}: passes and the fused layer compute the same`, (t) => {
    for (const backend of ['native', 'reference'] as const) {
      // The constructor compares them, and would throw.
      const pair = new LayerPair(
        layerOf(text),
        { before: 1, behind: 2, residual: true, activation: 'gelu' },
        { backend },
      );
      pair.runFused();
      pair.runUnfused();
      t.truthy(pair.algorithm);
      pair.dispose();
      t.throws(() => pair.runFused(), { code: 'ERR_DISPOSED' });
    }
  });
}

test('geometry is that of the node', (t) => {
  t.like(layerOf(GEOMETRIES.grouped).options, {
    stride: [2, 1],
    dilation: [1, 2],
    padding: [1, 0, 2, 1],
    groups: 2,
  });
  t.deepEqual(layerOf(GEOMETRIES.same).options.padding, [1, 0, 1, 1]);
  t.like(layerOf(GEOMETRIES.transposed).options, { transposed: true, outputPadding: [1, 0] });
  t.notThrows(() => new LayerPair(layerOf(GEOMETRIES.plain), NOTHING, {}).dispose());
});

test('what is no layer of known shape and weights is none', (t) => {
  const none = (text: string): void => {
    const { graph } = parseText(text);
    t.is(convLayer(graph.last!, new Inference({ lenient: true })), undefined, text);
  };
  none('x: input float[1, 2, 4, 4]\ny = Relu(x)');
  none('x: input float[1, 2, h, 4]\nw: float[2, 2, 1, 1]\ny = Conv(x, w)');
  none('x: input float[1, 2, 4, 4]\nw: input float[2, 2, 1, 1]\ny = Conv(x, w)');
  none('x: input float[1, 2, 4, 4]\nb: input float[2]\nw: float[2, 2, 1, 1]\ny = Conv(x, w, b)');
  none('x: input double[1, 2, 4, 4]\nw: double[2, 2, 1, 1]\ny = Conv(x, w)');
});
