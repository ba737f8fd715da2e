// Whole networks with seeded weights, unfused as a training framework exports them: every
// convolution without bias, followed by its batch norm.
//
// Shapes: He et al., Deep Residual Learning (2015), table 1; Sandler et al., MobileNetV2 (2018),
// table 2.

import { Random } from '#convfuse/tensor/random.js';
import type { NodeProto, TensorProto } from '#convfuse/onnx/gen/onnx_pb.js';

import { float, modelBytes, node, tensor } from '../test/helpers/model-builder.js';

export type NetworkName = 'resnet18' | 'resnet50' | 'mobilenetv2';

export function networkBytes(name: NetworkName, batch = 1, size = 224): Uint8Array {
  const net = new Network(new Random(7));
  if (name === 'mobilenetv2') net.mobilenet();
  else net.resnet(name === 'resnet50');
  return net.bytes(batch, size);
}

class Network {
  readonly #random: Random;
  readonly #nodes: NodeProto[] = [];
  readonly #tensors: TensorProto[] = [];
  #value = 'x';
  #channels = 3;
  #count = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  resnet(bottleneck: boolean): void {
    this.#convBn(64, 7, 2);
    this.#op('Relu', []);
    const pool = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
    this.#op('MaxPool', [], pool);
    const blocks = bottleneck ? [3, 4, 6, 3] : [2, 2, 2, 2];
    blocks.forEach((count, stage) => {
      for (let block = 0; block < count; block++) {
        const stride = stage > 0 && block === 0 ? 2 : 1;
        this.#residual(64 << stage, stride, bottleneck);
      }
    });
    this.#head(1000);
  }

  mobilenet(): void {
    this.#convBn(32, 3, 2);
    this.#relu6();
    const stages = [
      [1, 16, 1, 1],
      [6, 24, 2, 2],
      [6, 32, 3, 2],
      [6, 64, 4, 2],
      [6, 96, 3, 1],
      [6, 160, 3, 2],
      [6, 320, 1, 1],
    ] as const;
    for (const [expansion, out, count, first] of stages) {
      for (let block = 0; block < count; block++) {
        this.#inverted(expansion, out, block === 0 ? first : 1);
      }
    }
    this.#convBn(1280, 1, 1);
    this.#relu6();
    this.#head(1000);
  }

  bytes(batch: number, size: number): Uint8Array {
    return modelBytes({
      inputs: [['x', [batch, 3, size, size]]],
      outputs: [[this.#value, [batch, 1000]]],
      nodes: this.#nodes,
      initializers: this.#tensors,
    });
  }

  #residual(width: number, stride: number, bottleneck: boolean): void {
    const input = this.#value;
    const channels = this.#channels;
    const out = bottleneck ? width * 4 : width;
    this.#convBn(width, bottleneck ? 1 : 3, bottleneck ? 1 : stride);
    this.#op('Relu', []);
    this.#convBn(width, 3, bottleneck ? stride : 1);
    if (bottleneck) {
      this.#op('Relu', []);
      this.#convBn(out, 1, 1);
    }
    const main = this.#value;
    let shortcut = input;
    if (stride !== 1 || channels !== out) {
      this.#value = input;
      this.#channels = channels;
      this.#convBn(out, 1, stride);
      shortcut = this.#value;
    }
    this.#value = main;
    this.#op('Add', [shortcut]);
    this.#op('Relu', []);
  }

  #inverted(expansion: number, out: number, stride: number): void {
    const input = this.#value;
    const channels = this.#channels;
    if (expansion !== 1) {
      this.#convBn(channels * expansion, 1, 1);
      this.#relu6();
    }
    this.#convBn(this.#channels, 3, stride, this.#channels);
    this.#relu6();
    this.#convBn(out, 1, 1);
    if (stride === 1 && channels === out) this.#op('Add', [input]);
  }

  #convBn(out: number, kernel: number, stride: number, groups = 1): void {
    const id = this.#count++;
    const pad = kernel >> 1;
    const taps = (this.#channels / groups) * kernel ** 2;
    const deviation = Math.sqrt(2 / taps);
    const weight = this.#random.normals(out * taps).map((value) => value * deviation);
    this.#tensors.push(tensor(`w${id}`, [out, taps / kernel ** 2, kernel, kernel], weight));
    this.#op('Conv', [`w${id}`], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      group: groups,
    });
    const parameters = ['gamma', 'beta', 'mean', 'var'].map((role) => `${role}${id}`);
    parameters.forEach((name, role) => {
      const around = [1, 0, 0, 1][role]!;
      const data = this.#random.normals(out).map((value) => around + 0.1 * value);
      this.#tensors.push(tensor(name, [out], data));
    });
    this.#op('BatchNormalization', parameters, { epsilon: float(1e-5) });
    this.#channels = out;
  }

  #relu6(): void {
    if (this.#count === 1) {
      this.#tensors.push(
        tensor('zero', [], Float32Array.of(0)),
        tensor('six', [], Float32Array.of(6)),
      );
    }
    this.#op('Clip', ['zero', 'six']);
  }

  #head(classes: number): void {
    this.#op('GlobalAveragePool', []);
    this.#op('Flatten', []);
    const weight = this.#random.normals(classes * this.#channels).map((value) => value * 0.01);
    this.#tensors.push(
      tensor('fc', [classes, this.#channels], weight),
      tensor('fc_bias', [classes], new Float32Array(classes)),
    );
    this.#op('Gemm', ['fc', 'fc_bias'], { transB: 1 });
  }

  #op(opType: string, more: readonly string[], attributes: Parameters<typeof node>[3] = {}): void {
    const output = `${opType.toLowerCase()}_${this.#nodes.length}`;
    this.#nodes.push(node(opType, [this.#value, ...more], [output], attributes, output));
    this.#value = output;
  }
}
