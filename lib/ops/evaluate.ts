import type { Backend, FloatArray, Precision } from '../backend/backend.js';
import { blockedCount, type BlockedLayout } from '../backend/layout.js';
import { ConvfuseError } from '../errors.js';
import type { Constant } from '../ir/constant.js';
import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import { allocate, isFloatType, type DataType, type TensorData } from '../tensor/dtype.js';
import { countToAllocate, dimsText } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { operatorOf } from './index.js';
import type { Arithmetic, Evaluation, RunTensor } from './operator.js';
import { floatArray, fromRunTensor, toRunTensor } from './run-tensor.js';

/** A zeroed array for a tensor of a run. @throws ConvfuseError ERR_LIMIT, ERR_MEMORY */
export function allocateFor(
  type: DataType,
  dims: readonly number[],
  arithmetic: Arithmetic,
): TensorData {
  const count = countToAllocate(dims);
  try {
    return isFloatType(type) ? floatArray(type, arithmetic, count) : allocate(type, count);
  } catch (cause) {
    throw new ConvfuseError('ERR_MEMORY', `no memory for a tensor of ${dimsText(dims)}`, { cause });
  }
}

/** Evaluates one node by itself, outside any plan: for constants. */
class Alone implements Evaluation {
  readonly precision: Precision = 'strict';
  readonly threads = 1;
  readonly epilogue = undefined;
  readonly layout = undefined;
  readonly layouts = [];
  readonly node: Node;
  readonly arithmetic: Arithmetic;
  readonly #backend: Backend | undefined;

  constructor(node: Node, arithmetic: Arithmetic, backend: Backend | undefined) {
    this.node = node;
    this.arithmetic = arithmetic;
    this.#backend = backend;
  }

  get backend(): Backend {
    if (this.#backend !== undefined) return this.#backend;
    throw new ConvfuseError('ERR_UNSUPPORTED', `${this.node.label} needs a backend`);
  }

  /** None, so that constants are computed by the same loops whatever the backend. */
  elementwise(): undefined {
    return undefined;
  }

  isConstant(): boolean {
    return false;
  }

  canOverwrite(): boolean {
    return false;
  }

  repeatable(): void {}

  movable(): void {}

  runBody(_body: Graph): never {
    throw new ConvfuseError('ERR_UNSUPPORTED', `${this.node.label} has a body`);
  }

  allocate(type: DataType, dims: readonly number[]): TensorData {
    return allocateFor(type, dims, this.arithmetic);
  }

  allocateFloat(type: DataType, count: number): FloatArray {
    return floatArray(type, this.arithmetic, count);
  }

  allocateBlocked(dims: readonly number[], layout: BlockedLayout): Float32Array {
    return new Float32Array(blockedCount(dims, layout));
  }

  keep<T extends object>(make: () => T): T {
    return make();
  }
}

/**
 * Evaluates a node on run tensors.
 *
 * @throws ConvfuseError ERR_UNSUPPORTED, ERR_MODEL, ERR_ARGUMENT
 */
export function evaluateNode(
  node: Node,
  inputs: readonly (RunTensor | undefined)[],
  arithmetic: Arithmetic,
  backend?: Backend,
): readonly RunTensor[] {
  const operator = operatorOf(node);
  if (operator === undefined) {
    throw new ConvfuseError(
      'ERR_UNSUPPORTED',
      `operator ${node.opType} of ${node.label} is not supported`,
    );
  }
  return operator.evaluate(new Alone(node, arithmetic, backend), inputs);
}

/**
 * The outputs of a node whose inputs are all constants, each rounded to its type.
 *
 * @throws ConvfuseError ERR_UNSUPPORTED, ERR_MODEL, ERR_ARGUMENT, and what Constant.read() throws
 */
export function evaluateConstants(
  node: Node,
  inputs: readonly (Constant | undefined)[],
  arithmetic: Arithmetic,
  backend?: Backend,
): readonly Tensor[] {
  const tensors = inputs.map((input) => input && toRunTensor(input.read(), arithmetic));
  return evaluateNode(node, tensors, arithmetic, backend).map(fromRunTensor);
}
