import type { Activation } from '../backend/activation.js';
import type { Backend, FloatArray, Precision } from '../backend/backend.js';
import type { ElementwiseRun, ElementwiseSpec } from '../backend/elementwise.js';
import type { BlockedLayout } from '../backend/layout.js';
import type { Constant } from '../ir/constant.js';
import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import type { DataType, TensorData } from '../tensor/dtype.js';

/** What is known of a value before anything runs. */
export interface ValueFacts {
  readonly type: DataType | undefined;
  readonly dims: readonly Dim[] | undefined;
  /** Its elements where they are known: shapes computed by Shape, Gather, Concat ... */
  readonly constant?: Constant | undefined;
  /** The same for whole-number vectors of which only some elements are known, as shapes often are. */
  readonly elements?: readonly Dim[] | undefined;
}

/**
 * A tensor while a model runs. Floating-point types are held in the arithmetic of the run, either
 * all as Float32Array or all as Float64Array, whatever their declared type; float64 is always a
 * Float64Array. The others are held as lib/tensor/dtype.ts says.
 */
export interface RunTensor {
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly data: TensorData;
  /** Of 4 dimensions in blocks. Operators that know no blocks are never given such a tensor. */
  readonly layout?: BlockedLayout | undefined;
}

/** The arithmetic of a run: what floating-point tensors are held in. */
export type Arithmetic = 'float32' | 'float64';

/** What a plan merged into a node: out = activation(node(inputs) + residual). */
export interface Epilogue {
  readonly activation: Activation;
  /** Of the same dimensions as the output. */
  readonly residual: RunTensor | undefined;
}

/**
 * How a step is done again, once its first input and its second tensor are known to be of the same
 * type, dimensions and layout as before. Nothing else may differ: its other inputs are constants.
 */
export interface Repeatable {
  /** Of its only output. */
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly layout: BlockedLayout | undefined;
  /** The input that is the second tensor. Default: there is none but the residual. */
  readonly second?: number | undefined;
  /** The input whose memory takes the output, where no other value lies in it. */
  readonly overwrites?: number | undefined;
  /** Whether what it keeps has not been given up since. Default: nothing is. */
  holds?(): boolean;
  /** Writes the output. Absent: it is memory of the input. @throws ConvfuseError */
  readonly run?: RepeatedRun;
  /** Where the output begins and ends in that memory. Default: it is all of it. */
  readonly part?: readonly [from: number, to: number] | undefined;
}

export type RepeatedRun = (x: TensorData, second: TensorData | undefined, out: TensorData) => void;

/**
 * How an output of a step that only moves elements, from and to any number of tensors, is made again,
 * once all inputs are known to be of the same types and dimensions as before. Nothing else may differ.
 */
export interface Moved {
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly layout?: BlockedLayout | undefined;
  /** Writes it. Absent: it is memory of input 0. @throws ConvfuseError */
  readonly run?: MovedRun | undefined;
  /** Where it begins and ends in that memory. Default: it is all of it. */
  readonly part?: Repeatable['part'];
}

export type MovedRun = (inputs: readonly (TensorData | undefined)[], out: TensorData) => void;

/** What an operator may use while it is evaluated. */
export interface Evaluation {
  readonly backend: Backend;
  readonly node: Node;
  readonly arithmetic: Arithmetic;
  readonly precision: Precision;
  readonly threads: number | undefined;
  /** Only ever present for operators that say they take one. */
  readonly epilogue: Epilogue | undefined;
  /** The backend's element-wise arithmetic; undefined where it has none. */
  elementwise(spec: ElementwiseSpec): ElementwiseRun | undefined;
  /** Whether an input is the same tensor in every run, so that work on it may be kept. */
  isConstant(index: number): boolean;
  /** Runs a graph that the node holds. @throws ConvfuseError ERR_UNSUPPORTED outside a session */
  runBody(body: Graph, inputs: readonly (RunTensor | undefined)[]): readonly RunTensor[];
  /**
   * Whether nobody reads an input's memory after this step, so that an output of the same type and
   * shape may take its place.
   */
  canOverwrite(index: number): boolean;
  /** A buffer for an output of this type: recycled where the plan allows it, not zeroed. */
  allocate(type: DataType, dims: readonly number[]): TensorData;
  /** Like allocate, for the floating-point types. */
  allocateFloat(type: DataType, count: number): FloatArray;
  /** Where output 0 is to lie in blocks. Only ever present for operators that know them. */
  readonly layout: BlockedLayout | undefined;
  /** The same by output. */
  readonly layouts: readonly (BlockedLayout | undefined)[];
  /** A buffer for a tensor of [N, C, H, W] in blocks, its halo of zeros. */
  allocateBlocked(dims: readonly number[], layout: BlockedLayout): Float32Array;
  /** Says how the step can be done again, so that later runs need not ask the operator. */
  repeatable(how: Repeatable): void;
  /** Says the same of a step that only moves elements, by output. */
  movable(outputs: readonly Moved[]): void;
  /** Anything an operator wants to keep from run to run for this node (packed weights). */
  keep<T extends object>(make: () => T): T;
}

/** One operator: schema, shape rule, cost and evaluation, shared by the rules and the runtime. */
export interface Operator {
  readonly opType: string;
  /** '' for the default domain. */
  readonly domain: string;
  /** First and last opset version in which these semantics hold. */
  readonly since: number;
  readonly until: number;
  /** Least and most inputs and outputs. */
  readonly inputs: readonly [number, number];
  readonly outputs: readonly [number, number];
  /** The output is the input's memory under other dimensions: running it moves nothing. */
  readonly view?: boolean;
  /**
   * What of call.epilogue evaluate() applies: all of it; an activation of equal parameters; or that and
   * a residual, for what columns() says.
   */
  readonly takesEpilogue?: 'all' | 'activation' | 'product';
  /**
   * How many columns the output has where it is a product of rows and one matrix, input 1, with nothing
   * to it but a number for each column: input 2, which a plan may add. Undefined for other products.
   */
  columns?(node: Node, inputs: readonly (ValueFacts | undefined)[]): number | undefined;
  /** Facts of each output, as far as they follow from the inputs'. */
  infer?(node: Node, inputs: readonly (ValueFacts | undefined)[]): readonly ValueFacts[];
  /** Multiply-accumulates for known shapes; 0 where arithmetic is not the point. */
  macs?(node: Node, inputs: readonly ValueFacts[], outputs: readonly ValueFacts[]): number;
  /** @throws ConvfuseError ERR_MODEL, ERR_ARGUMENT, ERR_UNSUPPORTED */
  evaluate(call: Evaluation, inputs: readonly (RunTensor | undefined)[]): readonly RunTensor[];
}
