// Architectures as their papers and reference implementations have them, with seeded weights.
//
// He et al., Deep Residual Learning (2015), table 1; Sandler et al., MobileNetV2 (2018), table 2; Howard
// et al., MobileNetV3 (2019), table 1; Tan and Le, EfficientNet (2019), table 1; Huang et al., DenseNet
// (2016), table 1; Szegedy et al., Going Deeper with Convolutions (2014), table 1; Xie et al., ResNeXt
// (2016), table 1; Ronneberger et al., U-Net (2015), figure 1, a quarter as wide; Ultralytics YOLOv8n,
// without the arithmetic of its boxes.

import { NetworkBuilder, type Flow, type Nonlinearity } from './network-builder.js';

/** One or more outputs; the first is compared. */
type Architecture = (net: NetworkBuilder) => Flow;

const NETWORKS = {
  resnet18: (net) => resnet(net, { blocks: [2, 2, 2, 2], out: 1 }),
  resnet50: (net) => resnet(net, { blocks: [3, 4, 6, 3], out: 4 }),
  resnext50: (net) => resnet(net, { blocks: [3, 4, 6, 3], out: 2, groups: 32 }),
  mobilenetv2,
  mobilenetv3,
  'efficientnet-b0': efficientnet,
  densenet121: densenet,
  googlenet,
  unet,
  yolov8n,
} as const satisfies Record<string, Architecture>;

export type NetworkName = keyof typeof NETWORKS;

export const NETWORK_NAMES = Object.keys(NETWORKS) as NetworkName[];

/** A model with the input x, batch x 3 x size x size; sizes are multiples of 32. */
export function networkBytes(name: NetworkName, batch = 1, size = 224): Uint8Array {
  const net = new NetworkBuilder();
  return net.bytes(NETWORKS[name](net), batch, size);
}

interface ResnetShape {
  readonly blocks: readonly number[];
  /** Output channels of a block for each of its middle ones; 1: blocks of two layers. */
  readonly out: number;
  readonly groups?: number;
}

function resnet(net: NetworkBuilder, { blocks, out, groups = 1 }: ResnetShape): Flow {
  let x = net.layer(net.input, 64, { kernel: 7, stride: 2 });
  x = net.pool(x, 'MaxPool', 3, 2, 1);
  blocks.forEach((count, stage) => {
    const width = (groups === 1 ? 64 : 128) << stage;
    for (let block = 0; block < count; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const narrow = out === 1;
      let y = net.layer(x, width, narrow ? { kernel: 3, stride } : {});
      y = net.layer(
        y,
        width,
        { kernel: 3, stride: narrow ? 1 : stride, groups },
        narrow ? 'none' : 'relu',
      );
      if (!narrow) y = net.layer(y, width * out, {}, 'none');
      const same = stride === 1 && x.channels === y.channels;
      const shortcut = same ? x : net.layer(x, y.channels, { stride }, 'none');
      x = net.activate(net.add(y, shortcut), 'relu');
    }
  });
  return net.classify(x);
}

interface Inverted {
  readonly expanded: number;
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
  readonly kind: Nonlinearity;
  readonly excite?: (x: Flow) => Flow;
}

/** Expanded, filtered channel by channel, and brought back to few. */
function inverted(net: NetworkBuilder, x: Flow, shape: Inverted): Flow {
  const { expanded, out, kernel, stride, kind, excite = (y) => y } = shape;
  let y = expanded === x.channels ? x : net.layer(x, expanded, {}, kind);
  y = net.layer(y, expanded, { kernel, stride, groups: expanded }, kind);
  y = net.layer(excite(y), out, {}, 'none');
  return stride === 1 && x.channels === out ? net.add(y, x) : y;
}

function mobilenetv2(net: NetworkBuilder): Flow {
  let x = net.layer(net.input, 32, { kernel: 3, stride: 2 }, 'relu6');
  for (const [expansion, out, count, first] of [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ] as const) {
    for (let block = 0; block < count; block++) {
      const stride = block === 0 ? first : 1;
      const expanded = x.channels * expansion;
      x = inverted(net, x, { expanded, out, kernel: 3, stride, kind: 'relu6' });
    }
  }
  return net.classify(net.layer(x, 1280, {}, 'relu6'));
}

function mobilenetv3(net: NetworkBuilder): Flow {
  let x = net.layer(net.input, 16, { kernel: 3, stride: 2 }, 'hard-swish');
  for (const [kernel, expanded, out, excites, kind, stride] of [
    [3, 16, 16, false, 'relu', 1],
    [3, 64, 24, false, 'relu', 2],
    [3, 72, 24, false, 'relu', 1],
    [5, 72, 40, true, 'relu', 2],
    [5, 120, 40, true, 'relu', 1],
    [5, 120, 40, true, 'relu', 1],
    [3, 240, 80, false, 'hard-swish', 2],
    [3, 200, 80, false, 'hard-swish', 1],
    [3, 184, 80, false, 'hard-swish', 1],
    [3, 184, 80, false, 'hard-swish', 1],
    [3, 480, 112, true, 'hard-swish', 1],
    [3, 672, 112, true, 'hard-swish', 1],
    [5, 672, 160, true, 'hard-swish', 2],
    [5, 960, 160, true, 'hard-swish', 1],
    [5, 960, 160, true, 'hard-swish', 1],
  ] as const) {
    const hidden = Math.ceil(expanded / 32) * 8;
    const excite = excites
      ? { excite: (y: Flow) => net.excite(y, hidden, 'relu', 'hard-sigmoid') }
      : {};
    x = inverted(net, x, { expanded, out, kernel, stride, kind, ...excite });
  }
  const mean = net.globalPool(net.layer(x, 960, {}, 'hard-swish'));
  const flat = { ...mean, value: net.op('Flatten', [mean.value]) };
  return net.dense(net.activate(net.dense(flat, 1280), 'hard-swish'), 1000);
}

function efficientnet(net: NetworkBuilder): Flow {
  let x = net.layer(net.input, 32, { kernel: 3, stride: 2 }, 'silu');
  for (const [expansion, out, count, first, kernel] of [
    [1, 16, 1, 1, 3],
    [6, 24, 2, 2, 3],
    [6, 40, 2, 2, 5],
    [6, 80, 3, 2, 3],
    [6, 112, 3, 1, 5],
    [6, 192, 4, 2, 5],
    [6, 320, 1, 1, 3],
  ] as const) {
    for (let block = 0; block < count; block++) {
      const stride = block === 0 ? first : 1;
      const hidden = x.channels >> 2;
      const expanded = x.channels * expansion;
      const excite = (y: Flow): Flow => net.excite(y, hidden, 'silu', 'sigmoid');
      x = inverted(net, x, { expanded, out, kernel, stride, kind: 'silu', excite });
    }
  }
  return net.classify(net.layer(x, 1280, {}, 'silu'));
}

/** Batch norms before convolutions, and what every layer adds to all that came before it. */
function densenet(net: NetworkBuilder): Flow {
  const before = (x: Flow): Flow => net.activate(net.norm(x), 'relu');
  let x = net.pool(net.layer(net.input, 64, { kernel: 7, stride: 2 }), 'MaxPool', 3, 2, 1);
  [6, 12, 24, 16].forEach((count, stage) => {
    if (stage > 0) {
      x = net.conv(before(x), x.channels / 2);
      x = net.pool(x, 'AveragePool', 2, 2);
    }
    for (let i = 0; i < count; i++) {
      const y = net.conv(before(net.conv(before(x), 128)), 32, { kernel: 3 });
      x = net.join([x, y]);
    }
  });
  return net.classify(before(x));
}

function googlenet(net: NetworkBuilder): Flow {
  const inception = (x: Flow, sizes: readonly number[]): Flow => {
    const [one, down3, three, down5, five, pooled] = sizes as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    return net.join([
      net.layer(x, one, {}),
      net.layer(net.layer(x, down3, {}), three, { kernel: 3 }),
      net.layer(net.layer(x, down5, {}), five, { kernel: 3 }),
      net.layer(net.pool(x, 'MaxPool', 3, 1, 1), pooled, {}),
    ]);
  };
  let x = net.pool(net.layer(net.input, 64, { kernel: 7, stride: 2 }), 'MaxPool', 3, 2, 1);
  x = net.layer(net.layer(x, 64, {}), 192, { kernel: 3 });
  for (const stage of [
    [
      [64, 96, 128, 16, 32, 32],
      [128, 128, 192, 32, 96, 64],
    ],
    [
      [192, 96, 208, 16, 48, 64],
      [160, 112, 224, 24, 64, 64],
      [128, 128, 256, 24, 64, 64],
      [112, 144, 288, 32, 64, 64],
      [256, 160, 320, 32, 128, 128],
    ],
    [
      [256, 160, 320, 32, 128, 128],
      [384, 192, 384, 48, 128, 128],
    ],
  ]) {
    x = net.pool(x, 'MaxPool', 3, 2, 1);
    for (const sizes of stage) x = inception(x, sizes);
  }
  return net.classify(x);
}

function unet(net: NetworkBuilder): Flow {
  const twice = (x: Flow, channels: number): Flow =>
    net.layer(net.layer(x, channels, { kernel: 3 }), channels, { kernel: 3 });
  const kept: Flow[] = [];
  let x = net.input;
  for (const channels of [16, 32, 64, 128]) {
    x = twice(x, channels);
    kept.push(x);
    x = net.pool(x, 'MaxPool', 2, 2);
  }
  x = twice(x, 256);
  for (const channels of [128, 64, 32, 16]) {
    x = twice(net.join([kept.pop()!, net.unpool(x, channels)]), channels);
  }
  return net.activate(net.conv(x, 1, {}, true), 'sigmoid');
}

function yolov8n(net: NetworkBuilder): Flow {
  const layer = (x: Flow, channels: number, kernel = 1, stride = 1): Flow =>
    net.layer(x, channels, { kernel, stride }, 'silu');
  const split = (x: Flow, channels: number, count: number, adds: boolean): Flow => {
    const parts: Flow[] = [...net.halves(layer(x, channels))];
    for (let i = 0; i < count; i++) {
      const last = parts.at(-1)!;
      const y = layer(layer(last, channels / 2, 3), channels / 2, 3);
      parts.push(adds ? net.add(last, y) : y);
    }
    return layer(net.join(parts), channels);
  };
  let x = layer(layer(net.input, 16, 3, 2), 32, 3, 2);
  x = split(x, 32, 1, true);
  const fine = split(layer(x, 64, 3, 2), 64, 2, true);
  const middle = split(layer(fine, 128, 3, 2), 128, 2, true);
  x = layer(split(layer(middle, 256, 3, 2), 256, 1, true), 128);
  const pooled = [x];
  for (let i = 0; i < 3; i++) pooled.push(net.pool(pooled.at(-1)!, 'MaxPool', 5, 1, 2));
  const coarse = layer(net.join(pooled), 256);
  const up = split(net.join([net.enlarge(coarse), middle]), 128, 1, false);
  const near = split(net.join([net.enlarge(up), fine]), 64, 1, false);
  const down = split(net.join([layer(near, 64, 3, 2), up]), 128, 1, false);
  const far = split(net.join([layer(down, 128, 3, 2), coarse]), 256, 1, false);
  const heads = [near, down, far].map((scale) => {
    const boxes = net.conv(layer(layer(scale, 64, 3), 64, 3), 64, {}, true);
    const classes = net.conv(layer(layer(scale, 80, 3), 80, 3), 80, {}, true);
    const both = net.join([boxes, classes]);
    return { ...both, value: net.op('Reshape', [both.value, net.ints([0, 144, -1])]) };
  });
  return net.join(heads, 2);
}
