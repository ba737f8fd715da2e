import type { FloatType } from '../tensor/dtype.js';
import type { Window } from '../tensor/window.js';
import type { Activation } from './activation.js';
import type { ElementwiseRun, ElementwiseSpec } from './elementwise.js';
import type { CopyCall } from './copy.js';
import type { BlockedLayout } from './layout.js';
import type { LinearLayer, LinearSpec } from './linear.js';
import type {
  BlockedResampleCall,
  NormaliseCall,
  ResampleCall,
  SoftmaxCall,
  SumRowsCall,
} from './rows.js';

/** What convolutions and matrix products read and write. Float64Array: the reference only. */
export type FloatArray = Float32Array | Float64Array;

/**
 * strict: no Winograd, short K blocks. default: F(2x2,3x3) allowed. fast: F(4x4,3x3) and
 * polyphase allowed. bfloat16: products of bfloat16 numbers too, where the CPU has them, or what
 * fast allows, whichever takes less time.
 */
export type Precision = 'strict' | 'default' | 'fast' | 'bfloat16';

/**
 * W seen as [groups, outer, rows, cols], each row multiplied by scale[group * rows + row]. With
 * the right numbers this is diag(s) . W for every layout: Conv [1, 1, M, C/g*k], ConvTranspose
 * [g, C/g, M/g, k], Gemm without transB [1, K, N, 1], and the input-channel side of Conv
 * [g, M/g, C/g, k].
 */
export interface ScaleRowsRequest {
  readonly type: FloatType;
  /** Bits for the 16-bit types. */
  readonly weight: Float32Array | Float64Array | Uint16Array;
  /** groups * rows factors. */
  readonly scale: Float64Array;
  readonly groups: number;
  readonly outer: number;
  readonly rows: number;
  readonly cols: number;
}

/**
 * out = round(double(w) * scale): the product in double, rounded once to the stored type, ties to
 * even, -0 kept. Every backend and ISA returns the same bits.
 */
export interface ScaledRows {
  readonly weight: Float32Array | Float64Array | Uint16Array;
  /**
   * Per factor: sum of abs(out - w * scale). Not finite exactly when a product overflowed the
   * stored type or an operand was not finite.
   */
  readonly loss: Float64Array;
  /** Per factor: sum of abs(w * scale). */
  readonly mass: Float64Array;
}

/**
 * A convolution over N x C x spatial (1 to 3 axes), row major, with its epilogue:
 * out = activation(conv(x, weight) + bias + residual). Weights are [M, C/groups, ...kernel], or
 * [C, M/groups, ...kernel] when transposed.
 */
export interface ConvSpec {
  readonly weight: FloatArray;
  readonly bias: FloatArray | undefined;
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly groups: number;
  readonly window: Window;
  /** undefined for a plain convolution. */
  readonly transposed: { readonly outputPadding: readonly number[] } | undefined;
  readonly activation: Activation;
  readonly precision: Precision;
  readonly threads: number | undefined;
  /** Measure candidates once per input shape instead of choosing by the model. */
  readonly tune?: boolean;
}

/** One run of a convolution. `dims` is [N, C, ...spatial]; `out` and `residual` are full size. */
export interface ConvCall<A extends FloatArray = FloatArray> {
  readonly x: A;
  readonly dims: readonly number[];
  readonly out: A;
  readonly residual?: A | undefined;
  /**
   * Where each tensor lies in blocks; absent: all are dense. Only for backends with `lanes`, planes
   * (4 dimensions), and runs that are not asynchronous.
   */
  readonly layouts?: ConvLayouts | undefined;
}

/** The halo of x may be too small, and any of them missing: what no kernel knows is copied. */
export interface ConvLayouts {
  readonly x: BlockedLayout | undefined;
  readonly residual: BlockedLayout | undefined;
  readonly out: BlockedLayout | undefined;
}

/** As ConvCall; `out` may be left to the backend. */
export type AsyncConvCall = Omit<ConvCall, 'out'> & { readonly out?: FloatArray | undefined };

/** A convolution ready to run: weights checked and packed. */
export interface ConvKernel {
  /** [N, M, ...spatial] for an input of `dims`. @throws ConvfuseError ERR_ARGUMENT */
  outputDims(dims: readonly number[]): number[];
  /** What runs for an input of `dims`, and why: 'direct 14x32', 'winograd F(2x2,3x3)', ... */
  algorithm(dims: readonly number[]): string;
  /** Writes `out`. The caller has checked lengths and that `out` overlaps nothing. */
  runSync(call: ConvCall): void;
  /**
   * Runs off the main thread. Inputs are copied on entry, so the caller may do with them what it
   * likes; the result is handed over when all is done: in `out` (written then, and only then)
   * where that is given, else in memory of its own. Rejects with the signal's reason.
   */
  run(call: AsyncConvCall, signal?: AbortSignal): Promise<FloatArray>;
  /**
   * runSync for inputs of one shape and its layouts, all but the memory settled. Absent, or without a
   * result: nothing is gained by it. What it gives is not to be called after dispose().
   */
  bind?(dims: readonly number[], layouts: ConvLayouts | undefined): BoundLayer | undefined;
  dispose(): void;
}

/** A layer on tensors of one shape and layout; the residual is a convolution's. */
export type BoundLayer = (x: FloatArray, residual: FloatArray | undefined, out: FloatArray) => void;

/** C[m, n] = alpha * sum_k A[m, k] * B[k, n] + beta * C[m, n]; A, B, C row major, dense. */
export interface GemmCall {
  readonly a: FloatArray;
  readonly b: FloatArray;
  readonly c: FloatArray;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** A is stored [k, m]. */
  readonly transA: boolean;
  /** B is stored [n, k]. */
  readonly transB: boolean;
  readonly alpha: number;
  readonly beta: number;
  /** So many products, of matrices that lie one behind the other. Default: 1. */
  readonly count?: number;
}

/** For each output index of one axis of a pool: the taps that lie inside the input. */
export interface PoolAxis {
  readonly input: number;
  readonly output: number;
  readonly dilation: number;
  /** First input index covered. */
  readonly start: Int32Array;
  /** Number of input indices covered. */
  readonly taps: Int32Array;
  /** Number of taps inside the input or its pads: what count_include_pad divides by. */
  readonly padded: Int32Array;
}

/**
 * y[p, ...] = the largest element, or the mean, under each window of x[p, ...]; both dense. All but the
 * memory.
 */
export interface PoolSpec {
  readonly kind: 'max' | 'mean';
  readonly planes: number;
  /** Depth, height, width; leading ones of size 1 for lower ranks. */
  readonly axes: readonly [PoolAxis, PoolAxis, PoolAxis];
  /** Whether a mean divides by `padded` and not by `taps`. */
  readonly padded: boolean;
  readonly threads: number | undefined;
}

/** The same for planes of [N, C] that lie in blocks, of which depth is 1. */
export interface BlockedPoolSpec extends Omit<PoolSpec, 'planes'> {
  readonly batch: number;
  readonly channels: number;
  readonly layouts: { readonly x: BlockedLayout; readonly y: BlockedLayout };
}

/** The arithmetic behind everything. Chosen once, by select.ts. */
export interface Backend {
  readonly name: 'native' | 'reference';
  /** 'avx512', 'avx2', 'neon', 'baseline', or 'typescript' for the reference. */
  readonly isa: string;
  readonly threads: number;
  /** Why this one and not the other, for `convfuse info`. */
  readonly reason: string;
  /**
   * Channels in a block where activations may lie in blocks, which poolBlocked() and elementwise() then
   * work on; absent where they may not.
   */
  readonly lanes?: number;
  /** Bytes from the start of a buffer to where vectors never straddle cache lines, below 64. */
  bytesToLine?(buffer: ArrayBuffer): number;
  /**
   * A buffer of zeros that begins with a cache line, in memory that is faster to read than that of
   * JavaScript. Absent, or without a result: there is none.
   *
   * @throws ConvfuseError ERR_MEMORY
   */
  newBuffer?(bytes: number): ArrayBuffer | undefined;
  scaleRows(request: ScaleRowsRequest): ScaledRows;
  /** @throws ConvfuseError ERR_UNSUPPORTED for a precision this CPU lacks */
  conv(spec: ConvSpec): ConvKernel;
  /**
   * Layers as one, each the only reader of the one before, in the same blocks; the residual is the
   * last one's. Absent, or without a result: nothing is gained by it. What it gives is not to be
   * called after one of the kernels was disposed of.
   */
  chain?(layers: readonly BoundLayer[]): BoundLayer | undefined;
  gemm(call: GemmCall): void;
  /**
   * Absent, or without a result: gemm() and the operators' own loops are to run.
   *
   * @throws ConvfuseError ERR_MEMORY
   */
  linear?(spec: LinearSpec): LinearLayer | undefined;
  /** Absent where the operators' own loops are to run. NaN under a window gives NaN. */
  pool?(spec: PoolSpec): BoundLayer;
  /** As pool(), for backends with `lanes`. */
  poolBlocked?(spec: BlockedPoolSpec): BoundLayer;
  /** Absent where the operators' own loops are to run. @throws ConvfuseError ERR_ARGUMENT */
  elementwise?(spec: ElementwiseSpec): ElementwiseRun;
  /** These are absent where the operators' own loops are to run. */
  softmax?(call: SoftmaxCall): void;
  normalise?(call: NormaliseCall): void;
  sumRows?(call: SumRowsCall): void;
  resample?(call: ResampleCall): void;
  /** As resample(), for backends with `lanes`. */
  resampleBlocked?(call: BlockedResampleCall): void;
  copy?(call: CopyCall): void;
}
