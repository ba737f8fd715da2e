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
  /** The value, where all its elements are known: shapes computed by Shape, Gather, Concat ... */
  readonly constant?: Constant | undefined;
  /** Elements of a whole-number vector or scalar, some of which may be unknown, as in shapes. */
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
  /** Set for [N, C, H, W] in blocks. Operators that cannot work on blocks never get one. */
  readonly layout?: BlockedLayout | undefined;
}

/** The arithmetic of a run: the type in which it holds floating-point tensors. */
export type Arithmetic = 'float32' | 'float64';

/** Operations that a plan merged into a node: out = activation(node(inputs) + residual). */
export interface Epilogue {
  readonly activation: Activation;
  /** Has the dimensions of the output. */
  readonly residual: RunTensor | undefined;
}

/**
 * How to repeat a step without asking its operator, when its first input and its second tensor have
 * the same types, dimensions and layouts as before. Its other inputs must be constants.
 */
export interface Repeatable {
  /** Type of its only output. */
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly layout: BlockedLayout | undefined;
  /** Index of the input that is the second tensor. Default: the merged residual, if any. */
  readonly second?: number | undefined;
  /** Index of the input whose memory the output may take, where no other value lies in it. */
  readonly overwrites?: number | undefined;
  /** Whether the kept state (a packed kernel, say) is still valid. Default: there is none. */
  holds?(): boolean;
  /** Writes the output. Absent: the output is a view of the input. @throws ConvfuseError */
  readonly run?: RepeatedRun;
  /** For a view: the range of elements of the input. Default: all of it. */
  readonly part?: readonly [from: number, to: number] | undefined;
}

export type RepeatedRun = (x: TensorData, second: TensorData | undefined, out: TensorData) => void;

/**
 * How to repeat making one output of a step that only moves elements between any number of tensors,
 * when all its inputs have the same types, dimensions and layouts as before. Nothing else may
 * differ.
 */
export interface Moved {
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly layout?: BlockedLayout | undefined;
  /** Writes the output. Absent: the output is a view of input 0. @throws ConvfuseError */
  readonly run?: MovedRun | undefined;
  /** For a view: the range of elements of input 0. Default: all of it. */
  readonly part?: Repeatable['part'];
}

export type MovedRun = (inputs: readonly (TensorData | undefined)[], out: TensorData) => void;

/** The services that an operator may use while it is evaluated. */
export interface Evaluation {
  readonly backend: Backend;
  readonly node: Node;
  readonly arithmetic: Arithmetic;
  readonly precision: Precision;
  readonly threads: number | undefined;
  /** Present only for operators with takesEpilogue. */
  readonly epilogue: Epilogue | undefined;
  /** The backend's element-wise arithmetic; undefined where it has none. */
  elementwise(spec: ElementwiseSpec): ElementwiseRun | undefined;
  /** Whether an input is the same tensor in every run, so that work on it may be kept. */
  isConstant(index: number): boolean;
  /** Runs a graph that the node holds. @throws ConvfuseError ERR_UNSUPPORTED outside a session */
  runBody(body: Graph, inputs: readonly (RunTensor | undefined)[]): readonly RunTensor[];
  /**
   * Whether an output of the same type and shape may be written over an input, because nothing
   * reads its memory after this step.
   */
  canOverwrite(index: number): boolean;
  /** A buffer for an output of this type: recycled where the plan allows it, not zeroed. */
  allocate(type: DataType, dims: readonly number[]): TensorData;
  /** Like allocate, for the floating-point types. */
  allocateFloat(type: DataType, count: number): FloatArray;
  /** The blocks of output 0, if it must be in blocks; only for operators that can do so. */
  readonly layout: BlockedLayout | undefined;
  /** The layouts of all outputs. */
  readonly layouts: readonly (BlockedLayout | undefined)[];
  /** A buffer for a tensor of [N, C, H, W] in blocks; its halo is zeros. */
  allocateBlocked(dims: readonly number[], layout: BlockedLayout): Float32Array;
  /** Tells how to repeat the step, so that later runs need not ask the operator. */
  repeatable(how: Repeatable): void;
  /** Tells how to repeat a step that only moves elements, by output. */
  movable(outputs: readonly Moved[]): void;
  /** What the operator keeps from run to run for this node (packed weights); made once. */
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
  /** Whether the output is a view of the input under other dimensions: nothing is moved. */
  readonly view?: boolean;
  /**
   * The part of call.epilogue that evaluate() applies. all: everything. activation: an activation
   * with at most one slope. product: that and a residual, for nodes whose columns() returns a
   * number.
   */
  readonly takesEpilogue?: 'all' | 'activation' | 'product';
  /**
   * The number of output columns of a plain product of rows with one matrix, input 1, to which at
   * most one number per column is added: input 2, which a plan may supply. Undefined for other
   * products.
   */
  columns?(node: Node, inputs: readonly (ValueFacts | undefined)[]): number | undefined;
  /** Facts of each output, as far as they follow from those of the inputs. */
  infer?(node: Node, inputs: readonly (ValueFacts | undefined)[]): readonly ValueFacts[];
  /** Multiply-accumulates, for known shapes. Absent: the cost is not in arithmetic. */
  macs?(node: Node, inputs: readonly ValueFacts[], outputs: readonly ValueFacts[]): number;
  /** @throws ConvfuseError ERR_MODEL, ERR_ARGUMENT, ERR_UNSUPPORTED */
  evaluate(call: Evaluation, inputs: readonly (RunTensor | undefined)[]): readonly RunTensor[];
}
