import type {
  Backend,
  BoundLayer,
  ConvKernel,
  ConvSpec,
  BlockedPoolSpec,
  GemmCall,
  PoolSpec,
  ScaledRows,
  ScaleRowsRequest,
} from '../backend.js';
import { ReferenceConv } from '../reference/conv.js';
import { gemm as referenceGemm } from '../reference/gemm.js';
import type { ElementwiseRun, ElementwiseSpec } from '../elementwise.js';
import type { CopyCall } from '../copy.js';
import type { LinearLayer, LinearSpec } from '../linear.js';
import type {
  BlockedResampleCall,
  NormaliseCall,
  ResampleAxis,
  ResampleCall,
  SoftmaxCall,
  SumRowsCall,
} from '../rows.js';
import type { Addon } from './addon.js';
import { nativeChain } from './chain.js';
import { haloNumbers, NativeConv } from './conv.js';
import { nativeElementwise } from './elementwise.js';
import { native } from './errors.js';
import { Jobs } from './jobs.js';
import { nativeLinear } from './linear.js';
import { nativeBlockedPool, nativePool } from './pool.js';

/** An addon takes only one listener, so all backends over it share one Jobs object. */
const jobsOf = new WeakMap<Addon, Jobs>();

function sharedJobs(addon: Addon): Jobs {
  const jobs = jobsOf.get(addon) ?? new Jobs(addon);
  jobsOf.set(addon, jobs);
  return jobs;
}

/** C++ SIMD kernels for float32. Double arithmetic goes to the reference implementation. */
export class NativeBackend implements Backend {
  readonly name = 'native';
  readonly isa: string;
  readonly threads: number;
  readonly reason: string;
  readonly lanes: number;
  readonly #addon: Addon;
  readonly #jobs: Jobs;

  /** @param isa one that the addon's info() lists */
  constructor(addon: Addon, isa: string, threads: number, reason: string) {
    this.#addon = addon;
    this.#jobs = sharedJobs(addon);
    this.isa = isa;
    this.threads = threads;
    this.reason = reason;
    const { isas, lanes } = addon.info();
    this.lanes = lanes[isas.indexOf(isa)]!;
  }

  bytesToLine(buffer: ArrayBuffer): number {
    return native(() => this.#addon.bytesToLine(buffer));
  }

  newBuffer(bytes: number): ArrayBuffer | undefined {
    return native(() => this.#addon.newBuffer(bytes));
  }

  scaleRows(request: ScaleRowsRequest): ScaledRows {
    const { type, weight, scale, groups, outer, rows, cols } = request;
    const out = new (weight.constructor as Float32ArrayConstructor)(weight.length) as typeof weight;
    const loss = new Float64Array(groups * rows);
    const mass = new Float64Array(groups * rows);
    native(() =>
      this.#addon.scaleRows(
        this.isa,
        type,
        weight,
        scale,
        out,
        loss,
        mass,
        groups,
        outer,
        rows,
        cols,
      ),
    );
    return { weight: out, loss, mass };
  }

  conv(spec: ConvSpec): ConvKernel {
    if (!(spec.weight instanceof Float32Array) || spec.weight.length === 0) {
      return new ReferenceConv(spec);
    }
    const { isa, threads } = this;
    return new NativeConv({ addon: this.#addon, jobs: this.#jobs, isa, threads }, spec);
  }

  chain(layers: readonly BoundLayer[]): BoundLayer | undefined {
    return nativeChain(this.#addon, this.isa, layers);
  }

  gemm(call: GemmCall): void {
    const { a, b, c, m, n, k, transA, transB, alpha, beta, count = 1 } = call;
    const float32 =
      a instanceof Float32Array && b instanceof Float32Array && c instanceof Float32Array;
    if (!float32 || m === 0 || n === 0 || k === 0) return referenceGemm(call);
    native(() =>
      this.#addon.gemm(
        this.isa,
        a,
        b,
        c,
        m,
        n,
        k,
        transA,
        transB,
        alpha,
        beta,
        count,
        this.threads,
      ),
    );
  }

  linear(spec: LinearSpec): LinearLayer | undefined {
    return nativeLinear(this.#addon, this.isa, spec.threads ?? this.threads, spec);
  }

  elementwise(spec: ElementwiseSpec): ElementwiseRun {
    return nativeElementwise(this.#addon, this.isa, this.threads, spec);
  }

  pool(spec: PoolSpec): BoundLayer {
    return nativePool(this.#addon, this.isa, spec.threads ?? this.threads, spec);
  }

  poolBlocked(spec: BlockedPoolSpec): BoundLayer {
    return nativeBlockedPool(this.#addon, this.isa, spec.threads ?? this.threads, spec);
  }

  softmax({ log, x, y, outer, size, inner, threads }: SoftmaxCall): void {
    native(() =>
      this.#addon.softmax(this.isa, log, x, y, outer, size, inner, threads ?? this.threads),
    );
  }

  normalise({ x, y, scale, bias, rows, parts, plane, epsilon, threads }: NormaliseCall): void {
    const sizes = Uint32Array.of(rows, parts, plane, scale.length);
    native(() =>
      this.#addon.normalise(this.isa, x, y, scale, bias, sizes, epsilon, threads ?? this.threads),
    );
  }

  copy({ x, y, places, threads }: CopyCall): void {
    native(() => this.#addon.copy(this.isa, x, y, places, threads ?? this.threads));
  }

  sumRows({ x, y, size, divisor, threads }: SumRowsCall): void {
    native(() => this.#addon.sumRows(this.isa, x, y, size, divisor, threads ?? this.threads));
  }

  resample({ x, y, planes, axes, threads }: ResampleCall): void {
    const { sizes, taps } = tapsOf(axes);
    const all = Uint32Array.of(planes, ...sizes);
    native(() => this.#addon.resample(this.isa, x, y, all, ...taps, threads ?? this.threads));
  }

  resampleBlocked(call: BlockedResampleCall): void {
    const { x, y, batch, channels, axes, layouts, threads } = call;
    const { sizes, taps } = tapsOf(axes);
    const halos = [...haloNumbers(layouts.x), ...haloNumbers(layouts.y)];
    const all = Uint32Array.of(batch, channels, ...sizes, ...halos);
    native(() =>
      this.#addon.resampleBlocked(this.isa, x, y, all, ...taps, threads ?? this.threads),
    );
  }
}

/** [in x 2, out x 2, width x 2], and the taps of both axes. */
function tapsOf([high, wide]: readonly [ResampleAxis, ResampleAxis]) {
  const sizes = [high.input, wide.input, high.output, wide.output, high.width, wide.width];
  return { sizes, taps: [high.index, high.weight, wide.index, wide.weight] as const };
}
