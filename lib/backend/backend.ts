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

/**
 * Arrays that convolutions and matrix products read and write. Only the reference computes on
 * Float64Array.
 */
export type FloatArray = Float32Array | Float64Array;

/** Their order is that of the native side, which gets an index. */
export const PRECISIONS = ['strict', 'default', 'fast', 'bfloat16'] as const;

/**
 * strict: no Winograd, short K blocks. default: F(2x2,3x3) allowed. fast: F(4x4,3x3) and
 * polyphase allowed. bfloat16: products of bfloat16 numbers too, where the CPU has them, or what
 * fast allows, whichever takes less time.
 */
export type Precision = (typeof PRECISIONS)[number];

/**
 * W seen as [groups, outer, rows, cols], each row multiplied by scale[group * rows + row]. With
 * the right numbers this is diag(s) . W for every layout: Conv [1, 1, M, C/g*k], ConvTranspose
 * [g, C/g, M/g, k], Gemm without transB [1, K, N, 1], and the input-channel side of Conv
 * [g, M/g, C/g, k].
 */
export interface ScaleRowsRequest {
  readonly type: FloatType;
  /** Raw bits for the 16-bit types. */
  readonly weight: Float32Array | Float64Array | Uint16Array;
  /** [groups * rows] factors. */
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
   * Per factor: sum of abs(out - w * scale). It is not finite exactly when a product overflowed the
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
  /** Time the candidate algorithms once per input shape instead of choosing by a cost model. */
  readonly tune?: boolean;
}

/** One run of a convolution. `dims` is [N, C, ...spatial]; `out` and `residual` are full size. */
export interface ConvCall<A extends FloatArray = FloatArray> {
  readonly x: A;
  readonly dims: readonly number[];
  readonly out: A;
  readonly residual?: A | undefined;
  /**
   * The layouts of tensors in blocks; absent when all are dense. Only for backends with `lanes`, 4
   * dimensions, and synchronous runs.
   */
  readonly layouts?: ConvLayouts | undefined;
}

/**
 * Any layout may be absent, and the halo of x may be too small: a tensor in a form that no kernel
 * takes is copied first.
 */
export interface ConvLayouts {
  readonly x: BlockedLayout | undefined;
  readonly residual: BlockedLayout | undefined;
  readonly out: BlockedLayout | undefined;
}

/** A ConvCall in which `out` may be left to the backend. */
export type AsyncConvCall = Omit<ConvCall, 'out'> & { readonly out?: FloatArray | undefined };

/** A convolution ready to run: weights checked and packed. */
export interface ConvKernel {
  /** [N, M, ...spatial] for an input of `dims`. @throws ConvfuseError ERR_ARGUMENT */
  outputDims(dims: readonly number[]): number[];
  /**
   * The algorithm for an input of `dims`, and why: 'direct 14x32 (output channels fill vectors)'.
   */
  algorithm(dims: readonly number[]): string;
  /** Writes `out`. The caller has checked lengths and that `out` overlaps nothing. */
  runSync(call: ConvCall): void;
  /**
   * Runs off the main thread. Inputs are copied on entry, so the caller may change them at once.
   * The result is delivered when it is complete: copied to `out` where that is given, and only
   * then, else in memory of its own. Rejects with the signal's reason.
   */
  run(call: AsyncConvCall, signal?: AbortSignal): Promise<FloatArray>;
  /**
   * A runSync() for one input shape and its layouts, prepared so that calls need nothing but the
   * arrays. Absent, or undefined, where this would not be faster. Do not call the result after
   * dispose().
   */
  bind?(dims: readonly number[], layouts: ConvLayouts | undefined): BoundLayer | undefined;
  dispose(): void;
}

/** A layer bound to one shape and layout. Only a convolution and a linear layer take a residual. */
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
  /** The number of products, of matrices stored one behind the other. Default: 1. */
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
 * A pool: y[p, ...] = the maximum or the mean of each window of x[p, ...], both dense. Everything
 * but the arrays themselves.
 */
export interface PoolSpec {
  readonly kind: 'max' | 'mean';
  readonly planes: number;
  /** Depth, height, width; leading ones of size 1 for lower ranks. */
  readonly axes: readonly [PoolAxis, PoolAxis, PoolAxis];
  /** Whether a mean divides by PoolAxis.padded instead of PoolAxis.taps. */
  readonly padded: boolean;
  readonly threads: number | undefined;
}

/** A pool over N x C planes in blocks. The depth is 1. */
export interface BlockedPoolSpec extends Omit<PoolSpec, 'planes'> {
  readonly batch: number;
  readonly channels: number;
  readonly layouts: { readonly x: BlockedLayout; readonly y: BlockedLayout };
}

/** The arithmetic behind convolutions, products and folds. Chosen once, by select.ts. */
export interface Backend {
  readonly name: 'native' | 'reference';
  /** 'avx512', 'avx2', 'neon', 'baseline', or 'typescript' for the reference. */
  readonly isa: string;
  readonly threads: number;
  /** Why this backend was chosen; `convfuse info` prints it. */
  readonly reason: string;
  /**
   * Channels in a block (BlockedLayout), where poolBlocked() and elementwise() work on blocks;
   * absent where all tensors must be dense.
   */
  readonly lanes?: number;
  /** Bytes (below 64) from the start of a buffer to its first cache line boundary. */
  bytesToLine?(buffer: ArrayBuffer): number;
  /**
   * A buffer of zeros that begins at a cache line, in memory that is faster to read than that of
   * JavaScript buffers (huge pages). Absent, or undefined, where there is no such memory.
   *
   * @throws ConvfuseError ERR_MEMORY
   */
  newBuffer?(bytes: number): ArrayBuffer | undefined;
  scaleRows(request: ScaleRowsRequest): ScaledRows;
  /** @throws ConvfuseError ERR_UNSUPPORTED for a precision this CPU lacks */
  conv(spec: ConvSpec): ConvKernel;
  /**
   * Joins layers into one: each reads the blocked output of the one before, which nothing else
   * reads. The residual is the last layer's. Absent, or undefined, where this would not be faster.
   * Do not call the result after one of the kernels was disposed of.
   */
  chain?(layers: readonly BoundLayer[]): BoundLayer | undefined;
  gemm(call: GemmCall): void;
  /**
   * A product with a packed constant matrix. Absent, or undefined: use gemm() or the operators' own
   * loops.
   *
   * @throws ConvfuseError ERR_MEMORY
   */
  linear?(spec: LinearSpec): LinearLayer | undefined;
  /** Absent where the operators' own loops must run. NaN within a window gives NaN. */
  pool?(spec: PoolSpec): BoundLayer;
  /** pool() on blocks, for backends with `lanes`. */
  poolBlocked?(spec: BlockedPoolSpec): BoundLayer;
  /** Absent where the operators' own loops must run. @throws ConvfuseError ERR_ARGUMENT */
  elementwise?(spec: ElementwiseSpec): ElementwiseRun;
  /** The functions from here on are absent where the operators' own loops must run. */
  softmax?(call: SoftmaxCall): void;
  normalise?(call: NormaliseCall): void;
  sumRows?(call: SumRowsCall): void;
  resample?(call: ResampleCall): void;
  /** resample() on blocks, for backends with `lanes`. */
  resampleBlocked?(call: BlockedResampleCall): void;
  copy?(call: CopyCall): void;
}
