import { ConvfuseError } from '../errors.js';
import type { ActivationOption } from '../layers/activation-option.js';
import { FusedConv2d } from '../layers/fused-conv2d.js';
import { Random } from '../tensor/random.js';
import { elementCount } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { BackendChoice } from './backend-choice.js';
import type { ConvLayer } from './conv-layers.js';
import { ErrorMeter } from './output-error.js';

/** The operations that were fused into a convolution. */
export interface Epilogue {
  /** The numbers of channel-wise operations in front of it and behind it. */
  readonly before: number;
  readonly behind: number;
  readonly residual: boolean;
  readonly activation: ActivationOption | undefined;
}

/**
 * The largest relative L2 difference of the two, which differ in rounding only: see
 * docs/numerics.md.
 */
const MAX_ERROR = 1e-5;

/**
 * A convolution with fused operations, and the same computed in separate passes. Each pass is a
 * native kernel that reads all of its input and writes all of its output, in reused memory. This is
 * the best case for the unfused layer: passes of an interpreter or into fresh memory would cost
 * more.
 */
export class LayerPair {
  readonly #layers: FusedConv2d[] = [];
  readonly #fused: FusedConv2d;
  readonly #passes: (() => void)[] = [];
  readonly #x: Tensor;
  readonly #residual: Tensor | undefined;
  readonly #out: Tensor;
  readonly #unfusedOut: Tensor;

  /**
   * @throws ConvfuseError ERR_ARGUMENT where a FusedConv2d cannot compute the layer; ERR_INTERNAL
   * where the two differ
   */
  constructor({ options, dims }: ConvLayer, epilogue: Epilogue, choice: BackendChoice) {
    const random = new Random(1);
    const { activation } = epilogue;
    const common = { ...options, ...choice };
    this.#x = { type: 'float32', dims, data: random.normals(elementCount(dims)) };
    this.#fused = this.#layer({ ...common, activation });
    const plain = this.#layer(common);
    this.#out = this.#fused.runSync(this.#x);
    const outDims = this.#out.dims;
    this.#residual = epilogue.residual
      ? { type: 'float32', dims: outDims, data: random.normals(elementCount(outDims)) }
      : undefined;
    let value = this.#x;
    const pass = (layer: FusedConv2d, residual?: Tensor): void => {
      const from = value;
      const out = layer.runSync(from, { residual });
      this.#passes.push(() => layer.runSync(from, { out, residual }));
      value = out;
    };
    const onEachChannel = (channels: number, kind?: ActivationOption): FusedConv2d =>
      this.#layer({
        weight: {
          type: 'float32',
          dims: [channels, ...new Array<number>(dims.length - 1).fill(1)],
          data: new Float32Array(channels).fill(1),
        },
        groups: channels,
        ...choice,
        activation: kind,
      });
    for (let n = 0; n < epilogue.before; n++) pass(onEachChannel(dims[1]!));
    pass(plain);
    for (let n = 0; n < epilogue.behind; n++) pass(onEachChannel(outDims[1]!));
    if (this.#residual !== undefined) pass(onEachChannel(outDims[1]!), this.#residual);
    if (activation !== undefined) pass(onEachChannel(outDims[1]!, activation));
    this.#unfusedOut = value;
    this.#check();
  }

  get algorithm(): string {
    return this.#fused.algorithm;
  }

  runFused(): void {
    this.#fused.runSync(this.#x, { out: this.#out, residual: this.#residual });
  }

  runUnfused(): void {
    for (const run of this.#passes) run();
  }

  dispose(): void {
    for (const layer of this.#layers) layer.dispose();
  }

  #layer(options: ConstructorParameters<typeof FusedConv2d>[0]): FusedConv2d {
    const layer = new FusedConv2d(options);
    this.#layers.push(layer);
    return layer;
  }

  #check(): void {
    this.runFused();
    const meter = new ErrorMeter();
    meter.add({ y: this.#unfusedOut }, { y: this.#out });
    const { relL2 } = meter.result();
    if (!(relL2 <= MAX_ERROR)) {
      throw new ConvfuseError('ERR_INTERNAL', `a fused layer differs by ${relL2.toExponential(1)}`);
    }
  }
}
