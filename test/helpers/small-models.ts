// Models that many tests fuse: small, seeded, complete files.

import { Random } from '#convfuse/tensor/random.js';
import { float, modelBytes, node, tensor, type ModelSpec } from './model-builder.js';

export interface ConvBnSpec {
  readonly channels?: number;
  /** Height and width of the input. */
  readonly size?: number;
  /** Conv + BN + Relu blocks, one after the other. */
  readonly blocks?: number;
  readonly seed?: number;
  /** Put the first convolution's result among the outputs, which keeps its batch norm. */
  readonly exposeFirst?: boolean;
}

/** x -> [Conv 3x3 -> BatchNormalization -> Relu] * blocks -> y */
export function convBnModel(spec: ConvBnSpec = {}): Uint8Array<ArrayBuffer> {
  const { channels = 4, size = 6, blocks = 1, seed = 1, exposeFirst = false } = spec;
  const random = new Random(seed);
  const nodes: NonNullable<ModelSpec['nodes']>[number][] = [];
  const initializers: NonNullable<ModelSpec['initializers']>[number][] = [];
  const positive = (): Float32Array =>
    Float32Array.from({ length: channels }, () => 0.5 + random.uniform());
  for (let block = 0; block < blocks; block++) {
    const input = block === 0 ? 'x' : `relu_${block - 1}_out`;
    const output = block === blocks - 1 ? 'y' : `relu_${block}_out`;
    const spread = random.normals(channels * channels * 9).map((w) => w / Math.sqrt(channels * 9));
    initializers.push(
      tensor(`w_${block}`, [channels, channels, 3, 3], spread),
      tensor(`scale_${block}`, [channels], positive()),
      tensor(`shift_${block}`, [channels], random.normals(channels)),
      tensor(`mean_${block}`, [channels], random.normals(channels)),
      tensor(`var_${block}`, [channels], positive()),
    );
    const parameters = ['scale', 'shift', 'mean', 'var'].map((name) => `${name}_${block}`);
    nodes.push(
      node(
        'Conv',
        [input, `w_${block}`],
        [`conv_${block}_out`],
        { pads: [1, 1, 1, 1] },
        `conv_${block}`,
      ),
      node(
        'BatchNormalization',
        [`conv_${block}_out`, ...parameters],
        [`bn_${block}_out`],
        { epsilon: float(1e-5) },
        `bn_${block}`,
      ),
      node('Relu', [`bn_${block}_out`], [output], {}, `relu_${block}`),
    );
  }
  const shape = [1, channels, size, size];
  return modelBytes({
    nodes,
    initializers,
    inputs: [['x', shape]],
    outputs: [['y', shape], ...(exposeFirst ? [['conv_0_out', shape] as const] : [])],
  });
}

/** x -> Relu -> y: nothing to fuse. */
export function reluModel(): Uint8Array<ArrayBuffer> {
  return modelBytes({
    nodes: [node('Relu', ['x'], ['y'], {}, 'relu')],
    inputs: [['x', [1, 4]]],
    outputs: [['y', [1, 4]]],
  });
}
