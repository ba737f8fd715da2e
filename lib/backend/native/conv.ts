import { ACTIVATION_KINDS, NO_TAIL, type Activation } from '../activation.js';
import {
  PRECISIONS,
  type AsyncConvCall,
  type BoundLayer,
  type ConvCall,
  type ConvKernel,
  type ConvLayouts,
  type ConvSpec,
  type FloatArray,
} from '../backend.js';
import { sameDims } from '../../tensor/shape.js';
import { convShape, threeAxes, type ConvShape } from '../conv-shape.js';
import type { BlockedLayout, Halo } from '../layout.js';
import { ReferenceConv } from '../reference/conv.js';
import type { Addon } from './addon.js';
import { boundLayer } from './bound.js';
import { linkable } from './chain.js';
import type { ConvHandle } from './conv-addon.js';
import { fromNative, native } from './errors.js';
import type { Jobs } from './jobs.js';

/** The part of the native backend that its convolutions use. */
export interface NativeContext {
  readonly addon: Addon;
  readonly jobs: Jobs;
  readonly isa: string;
  readonly threads: number;
}

interface Prepared {
  readonly dims: readonly number[];
  readonly layouts: ConvLayouts | undefined;
  readonly shape: ConvShape;
  readonly numbers: Uint32Array;
}

/** A float32 convolution on the native side. */
export class NativeConv implements ConvKernel {
  readonly #context: NativeContext;
  /** Without the weights: the native side has packed them, and empty inputs need none. */
  readonly #spec: ConvSpec;
  readonly #handle: ConvHandle;
  readonly #threads: number;
  #last: Prepared | undefined;

  /** @throws ConvfuseError ERR_UNSUPPORTED, ERR_MEMORY */
  constructor(context: NativeContext, spec: ConvSpec) {
    this.#context = context;
    this.#spec = { ...spec, weight: new Float32Array(0) };
    this.#threads = spec.threads ?? context.threads;
    this.#handle = native(() =>
      context.addon.createConv(
        context.isa,
        geometryOf(spec),
        spec.weight as Float32Array,
        spec.bias === undefined ? undefined : Float32Array.from(spec.bias),
        PRECISIONS.indexOf(spec.precision),
        ACTIVATION_KINDS.indexOf(spec.activation.kind),
        parametersOf(spec.activation),
        spec.activation.slope && Float32Array.from(spec.activation.slope),
        spec.tune ?? false,
      ),
    );
  }

  outputDims(dims: readonly number[]): number[] {
    const { batch, output } =
      this.#last && sameDims(this.#last.dims, dims)
        ? this.#last.shape
        : convShape(this.#spec, dims);
    return [batch, this.#spec.outputChannels, ...output];
  }

  algorithm(dims: readonly number[]): string {
    const { shape, numbers } = this.#prepare(dims);
    if (isEmpty(shape)) return new ReferenceConv(this.#spec).algorithm();
    const { addon } = this.#context;
    return native(() => addon.describeConv(this.#handle, numbers, this.#threads));
  }

  runSync(call: ConvCall): void {
    const { shape, numbers } = this.#prepare(call.dims, call.layouts);
    if (isEmpty(shape)) return new ReferenceConv(this.#spec).runSync(call);
    const { x, residual, out } = call as ConvCall<Float32Array>;
    const { addon } = this.#context;
    // Not by way of native(): a function made for each call is felt by a layer of microseconds.
    try {
      addon.runConv(this.#handle, x, residual, numbers, this.#threads, out);
    } catch (error) {
      throw fromNative(error);
    }
  }

  async run(call: AsyncConvCall, signal?: AbortSignal): Promise<FloatArray> {
    const { shape, numbers } = this.#prepare(call.dims);
    if (isEmpty(shape)) return new ReferenceConv(this.#spec).run(call, signal);
    const { x, residual, out } = call as ConvCall<Float32Array>;
    const { addon, jobs } = this.#context;
    const start = (): number => addon.startConv(this.#handle, x, residual, numbers, this.#threads);
    return jobs.run(start, out, signal);
  }

  bind(dims: readonly number[], layouts: ConvLayouts | undefined): BoundLayer | undefined {
    const { shape, numbers } = this.#prepare(dims, layouts);
    if (isEmpty(shape)) return undefined;
    const { addon } = this.#context;
    const [handle, threads] = [this.#handle, this.#threads];
    const bound = boundLayer((x, residual, out) =>
      addon.runConv(handle, x, residual, numbers, threads, out),
    );
    return linkable(bound, { threads, link: [handle, numbers] });
  }

  /**
   * The arguments for one input shape. The last ones are kept, since consecutive runs mostly share
   * a shape.
   */
  #prepare(dims: readonly number[], layouts?: ConvLayouts): Prepared {
    const last = this.#last;
    if (last !== undefined && sameDims(last.dims, dims) && sameLayouts(last.layouts, layouts)) {
      return last;
    }
    const shape = convShape(this.#spec, dims);
    this.#last = { dims: [...dims], layouts, shape, numbers: numbersOf(shape, layouts) };
    return this.#last;
  }

  dispose(): void {
    native(() => this.#context.addon.disposeConv(this.#handle));
  }
}

/** The parameters of an activation in the order of Addon.createConv(). */
export function parametersOf({ alpha, beta, tail = NO_TAIL }: Activation): Float32Array {
  return Float32Array.of(alpha, beta, tail.scale, tail.shift, tail.low, tail.high);
}

function geometryOf(spec: ConvSpec): Uint32Array {
  return Uint32Array.of(
    spec.inputChannels,
    spec.outputChannels,
    spec.groups,
    ...threeAxes(spec.window.kernel, 1),
    ...threeAxes(spec.window.strides, 1),
    ...threeAxes(spec.window.dilations, 1),
    spec.transposed ? 1 : 0,
  );
}

function numbersOf(shape: ConvShape, layouts?: ConvLayouts): Uint32Array {
  return Uint32Array.of(
    shape.batch,
    ...threeAxes(shape.input, 1),
    ...threeAxes(shape.output, 1),
    ...threeAxes(shape.padBegin, 0),
    ...(layouts ? [layouts.x, layouts.residual, layouts.out].flatMap(layoutNumbers) : []),
  );
}

/** Compares by identity: each step of a plan passes its own layout objects again. */
function sameLayouts(a: ConvLayouts | undefined, b: ConvLayouts | undefined): boolean {
  return a?.x === b?.x && a?.residual === b?.residual && a?.out === b?.out;
}

function layoutNumbers(layout: BlockedLayout | undefined): number[] {
  return layout ? [1, ...haloNumbers(layout)] : [0, 0, 0, 0, 0];
}

export function haloNumbers({ top, left, bottom, right }: Halo): number[] {
  return [top, left, bottom, right];
}

/** Whether there is nothing to read or to write. The reference backend handles that case. */
function isEmpty(shape: ConvShape): boolean {
  return shape.batch === 0 || shape.input.includes(0) || shape.output.includes(0);
}
