import type { Backend, FloatArray } from '../backend/backend.js';
import type { Constant } from '../ir/constant.js';
import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import type { DataType, TensorData } from '../tensor/dtype.js';

/** What is known of a value before anything runs. */
export interface ValueFacts {
  readonly type: DataType | undefined;
  readonly dims: readonly Dim[] | undefined;
  /** Its elements where they are known: shapes computed by Shape, Gather, Concat ... */
  readonly constant?: Constant | undefined;
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
}

/** What an operator may use while it is evaluated. */
export interface Evaluation {
  readonly backend: Backend;
  readonly node: Node;
  /** A buffer for an output of this type: recycled where the plan allows it, not zeroed. */
  allocate(type: DataType, dims: readonly number[]): TensorData;
  /** Like allocate, for the floating-point types. */
  allocateFloat(type: DataType, count: number): FloatArray;
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
  /** Facts of each output, as far as they follow from the inputs'. */
  infer?(node: Node, inputs: readonly (ValueFacts | undefined)[]): readonly ValueFacts[];
  /** Multiply-accumulates for known shapes; 0 where arithmetic is not the point. */
  macs?(node: Node, inputs: readonly ValueFacts[], outputs: readonly ValueFacts[]): number;
  /** @throws ConvfuseError ERR_MODEL, ERR_ARGUMENT, ERR_UNSUPPORTED */
  evaluate(call: Evaluation, inputs: readonly (RunTensor | undefined)[]): readonly RunTensor[];
}
