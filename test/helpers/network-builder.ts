// Networks with seeded weights, written as a training framework exports them: convolutions without bias,
// each followed by its batch norm.

import type { NodeProto, TensorProto } from '#convfuse/onnx/gen/onnx_pb.js';
import { Random } from '#convfuse/tensor/random.js';

import { float, modelBytes, node, tensor, type AttributeSpec } from './model-builder.js';

/** A value of N x channels x H x W, or of N x channels. */
export interface Flow {
  readonly value: string;
  readonly channels: number;
}

export interface ConvShape {
  readonly kernel?: number;
  readonly stride?: number;
  readonly groups?: number;
}

export type Nonlinearity =
  'relu' | 'relu6' | 'silu' | 'hard-swish' | 'hard-sigmoid' | 'sigmoid' | 'none';

export class NetworkBuilder {
  readonly input: Flow = { value: 'x', channels: 3 };
  readonly #random = new Random(7);
  readonly #nodes: NodeProto[] = [];
  readonly #tensors: TensorProto[] = [];

  bytes(output: Flow, batch: number, size: number): Uint8Array {
    return modelBytes({
      inputs: [['x', [batch, this.input.channels, size, size]]],
      outputs: [output.value],
      nodes: this.#nodes,
      initializers: this.#tensors,
    });
  }

  conv(x: Flow, channels: number, shape: ConvShape = {}, biased = false): Flow {
    const { kernel = 1, stride = 1, groups = 1 } = shape;
    const pad = kernel >> 1;
    const weight = this.#weights([channels, x.channels / groups, kernel, kernel]);
    const inputs = biased ? [x.value, weight, this.#vector(channels, 0)] : [x.value, weight];
    const attributes = {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      group: groups,
    };
    return { value: this.op('Conv', inputs, attributes), channels };
  }

  /** A convolution, its batch norm and what is behind them. */
  layer(x: Flow, channels: number, shape: ConvShape, kind: Nonlinearity = 'relu'): Flow {
    return this.activate(this.norm(this.conv(x, channels, shape)), kind);
  }

  norm({ value, channels }: Flow): Flow {
    const parameters = [1, 0, 0, 1].map((around) => this.#vector(channels, around));
    const attributes = { epsilon: float(1e-5) };
    return { value: this.op('BatchNormalization', [value, ...parameters], attributes), channels };
  }

  activate(x: Flow, kind: Nonlinearity): Flow {
    const { value, channels } = x;
    const of = (value: string): Flow => ({ value, channels });
    switch (kind) {
      case 'none':
        return x;
      case 'relu6':
        return of(this.op('Clip', [value, this.#scalar(0), this.#scalar(6)]));
      case 'silu':
        return of(this.op('Mul', [value, this.op('Sigmoid', [value])]));
      case 'hard-sigmoid':
        return of(this.op('HardSigmoid', [value], { alpha: float(1 / 6), beta: float(0.5) }));
      default:
        return of(
          this.op({ relu: 'Relu', sigmoid: 'Sigmoid', 'hard-swish': 'HardSwish' }[kind], [value]),
        );
    }
  }

  add(a: Flow, b: Flow): Flow {
    return { value: this.op('Add', [a.value, b.value]), channels: a.channels };
  }

  join(parts: readonly Flow[], axis = 1): Flow {
    const channels = parts.reduce((sum, part) => sum + part.channels, 0);
    return {
      value: this.op(
        'Concat',
        parts.map(({ value }) => value),
        { axis },
      ),
      channels,
    };
  }

  halves({ value, channels }: Flow): readonly [Flow, Flow] {
    const half = channels / 2;
    const sizes = this.ints([half, half]);
    const [first, second] = this.ops('Split', [value, sizes], { axis: 1 }, 2);
    return [
      { value: first!, channels: half },
      { value: second!, channels: half },
    ];
  }

  pool(x: Flow, type: 'MaxPool' | 'AveragePool', kernel: number, stride: number, pad = 0): Flow {
    const attributes = {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
    };
    return { ...x, value: this.op(type, [x.value], attributes) };
  }

  globalPool(x: Flow): Flow {
    return { ...x, value: this.op('GlobalAveragePool', [x.value]) };
  }

  /** Squeeze and excitation: a factor for each channel. */
  excite(x: Flow, hidden: number, kind: Nonlinearity, gate: Nonlinearity): Flow {
    const squeezed = this.activate(this.conv(this.globalPool(x), hidden, {}, true), kind);
    const factors = this.activate(this.conv(squeezed, x.channels, {}, true), gate);
    return { ...x, value: this.op('Mul', [x.value, factors.value]) };
  }

  /** Twice as high and wide, each pixel four times. */
  enlarge(x: Flow): Flow {
    const scales = this.#constant([4], Float32Array.of(1, 1, 2, 2));
    const attributes = {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    };
    return { ...x, value: this.op('Resize', [x.value, '', scales], attributes) };
  }

  /** The same by a transposed convolution. */
  unpool(x: Flow, channels: number): Flow {
    const weight = this.#weights([x.channels, channels, 2, 2], x.channels);
    const inputs = [x.value, weight, this.#vector(channels, 0)];
    const attributes = { kernel_shape: [2, 2], strides: [2, 2] };
    return { value: this.op('ConvTranspose', inputs, attributes), channels };
  }

  dense(x: Flow, channels: number): Flow {
    const weight = this.#random.normals(channels * x.channels).map((value) => value * 0.01);
    const inputs = [x.value, this.#constant([channels, x.channels], weight)];
    inputs.push(this.#constant([channels], new Float32Array(channels)));
    return { value: this.op('Gemm', inputs, { transB: 1 }), channels };
  }

  /** Classes of the mean over all pixels. */
  classify(x: Flow, classes = 1000): Flow {
    const mean = this.globalPool(x);
    return this.dense({ ...mean, value: this.op('Flatten', [mean.value]) }, classes);
  }

  op(
    type: string,
    inputs: readonly string[],
    attributes: Record<string, AttributeSpec> = {},
  ): string {
    return this.ops(type, inputs, attributes, 1)[0]!;
  }

  ops(
    type: string,
    inputs: readonly string[],
    attributes: Record<string, AttributeSpec>,
    outputs: number,
  ): string[] {
    const name = `${type.toLowerCase()}_${this.#nodes.length}`;
    const names = Array.from({ length: outputs }, (_, i) => (i === 0 ? name : `${name}_${i}`));
    this.#nodes.push(node(type, inputs, names, attributes, name));
    return names;
  }

  ints(values: readonly number[]): string {
    const data = BigInt64Array.from(values, BigInt);
    return this.#constant([values.length], data, 'int64');
  }

  /** @param fan products of an output. Default: all but the first dimension */
  #weights(dims: readonly number[], fan = dims.slice(1).reduce((a, b) => a * b, 1)): string {
    const deviation = Math.sqrt(2 / fan);
    const count = dims.reduce((product, size) => product * size, 1);
    return this.#constant(
      dims,
      this.#random.normals(count).map((value) => value * deviation),
    );
  }

  #vector(size: number, around: number): string {
    return this.#constant(
      [size],
      this.#random.normals(size).map((value) => around + 0.1 * value),
    );
  }

  #scalar(value: number): string {
    return this.#constant([], Float32Array.of(value));
  }

  #constant(
    dims: readonly number[],
    data: Float32Array | BigInt64Array,
    type: 'float32' | 'int64' = 'float32',
  ): string {
    const name = `c${this.#tensors.length}`;
    this.#tensors.push(tensor(name, dims, data, type));
    return name;
  }
}
