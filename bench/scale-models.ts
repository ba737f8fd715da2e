// Models for the time that rewriting takes: long ones of small layers, and a large one.

import type { NodeProto, TensorProto } from '#convfuse/onnx/gen/onnx_pb.js';
import { Random } from '#convfuse/tensor/random.js';

import { modelBytes, node, tensor } from '../test/helpers/model-builder.js';

/** A model as it is written down: nodes of one value after the other, and their parameters. */
class Draft {
  readonly nodes: NodeProto[] = [];
  readonly tensors: TensorProto[] = [];
  readonly #random: Random;
  #count = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  op(
    opType: string,
    inputs: readonly string[],
    attributes: Parameters<typeof node>[3] = {},
  ): string {
    const output = `${opType.toLowerCase()}_${this.#count++}`;
    this.nodes.push(node(opType, inputs, [output], attributes, `node_${output}`));
    return output;
  }

  conv(x: string, [c, oc, k]: readonly [number, number, number]): string {
    const deviation = Math.sqrt(2 / (c * k * k));
    const weight = this.#tensor('w', [oc, c, k, k], (value) => value * deviation);
    const pad = k >> 1;
    return this.op('Conv', [x, weight], { kernel_shape: [k, k], pads: [pad, pad, pad, pad] });
  }

  norm(x: string, channels: number): string {
    const around = (mean: number) => (value: number) => mean + 0.1 * value;
    const parameters = [1, 0, 0, 1].map((mean) => this.#tensor('p', [channels], around(mean)));
    return this.op('BatchNormalization', [x, ...parameters]);
  }

  convNorm(x: string, sizes: readonly [number, number, number]): string {
    return this.norm(this.conv(x, sizes), sizes[1]);
  }

  bytes(channels: number, size: number, output: string): Uint8Array {
    const inputs = [['x', [1, channels, size, size]]] as const;
    const { nodes, tensors: initializers } = this;
    return modelBytes({ inputs, outputs: [output], nodes, initializers });
  }

  #tensor(hint: string, dims: readonly number[], of: (normal: number) => number): string {
    const name = `${hint}_${this.tensors.length}`;
    const count = dims.reduce((a, b) => a * b, 1);
    this.tensors.push(tensor(name, dims, this.#random.normals(count).map(of)));
    return name;
  }
}

/** Makes a model of about so many nodes. */
export type Maker = (nodes: number) => Uint8Array;

/** Forms in which something could take time that grows faster than the model. */
export const FORMS: Readonly<Record<string, Maker>> = {
  'Conv > BatchNormalization > Relu in a row': (nodes) => {
    const draft = new Draft(1);
    let x = 'x';
    for (let left = nodes; left > 0; left -= 3)
      x = draft.op('Relu', [draft.convNorm(x, [2, 2, 1])]);
    return draft.bytes(2, 4, x);
  },
  'activations in a row, nothing to fuse': (nodes) => {
    const draft = new Draft(2);
    let x = 'x';
    for (let left = nodes; left > 0; left -= 2) x = draft.op('Tanh', [draft.op('Relu', [x])]);
    return draft.bytes(2, 4, x);
  },
  'convolutions on one input, joined': (nodes) => {
    const draft = new Draft(3);
    const parts: string[] = [];
    for (let left = nodes; left > 1; left -= 2) parts.push(draft.convNorm('x', [2, 2, 1]));
    return draft.bytes(2, 4, draft.op('Concat', parts, { axis: 1 }));
  },
  'activations of one input, joined': (nodes) => {
    const draft = new Draft(4);
    const parts: string[] = [];
    for (let left = nodes; left > 1; left--) parts.push(draft.op('Relu', ['x']));
    return draft.bytes(2, 4, draft.op('Concat', parts, { axis: 1 }));
  },
};

/**
 * A network of 100 MB: blocks of 3x3, 1x1 and the input itself added up, as RepVGG trains them, and
 * bottlenecks of 1x1 layers two of which read one input, all with batch norms; channels of a ResNet.
 */
export function largeModel(megabytes = 100): Uint8Array {
  const draft = new Draft(5);
  const stages = [64, 128, 256, 512];
  let [x, channels] = [draft.op('Relu', [draft.convNorm('x', [3, 64, 7])]), 64];
  let bytes = 0;
  const weigh = (...sizes: readonly (readonly [number, number, number])[]): void => {
    for (const [c, oc, k] of sizes) bytes += 4 * c * oc * k * k;
  };
  for (const [at, width] of stages.entries()) {
    // Each stage has its share; the last ones have few blocks, and large ones.
    const share = (megabytes * 1e6 * 2 ** at) / 15;
    if (width !== channels) x = draft.op('Relu', [draft.convNorm(x, [channels, width, 1])]);
    channels = width;
    const [wide, point, half] = [
      [width, width, 3],
      [width, width, 1],
      [width, width / 2, 1],
    ] as const;
    for (bytes = 0; bytes < share;) {
      const branches = [draft.convNorm(x, wide), draft.convNorm(x, point), draft.norm(x, width)];
      x = draft.op('Relu', [draft.op('Sum', branches)]);
      const parts = [draft.convNorm(x, half), draft.convNorm(x, half)];
      x = draft.op('Relu', [draft.op('Concat', parts, { axis: 1 })]);
      weigh(wide, point, half, half);
    }
  }
  return draft.bytes(3, 56, x);
}
