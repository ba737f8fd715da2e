import type { Activation } from '../backend/activation.js';
import type { FloatArray } from '../backend/backend.js';
import type { ElementwiseFunction } from '../backend/elementwise.js';
import type { Node } from '../ir/node.js';
import { isFloatType, type DataType } from '../tensor/dtype.js';
import { sameDims } from '../tensor/shape.js';
import { activateInPlace } from './activation-loop.js';
import { broadcastDims, broadcastShapes, runsOf } from './broadcast.js';
import { elementwiseRun, overwritten, repeated } from './element-run.js';
import { UNKNOWN } from './facts.js';
import type { Evaluation, RepeatedRun, RunTensor, ValueFacts } from './operator.js';
import { runRepeatable } from './repeatable.js';
import { isWide, required } from './run-tensor.js';
import { nodeError, unsupportedType } from './schema.js';

/** Elements that are plain JavaScript numbers. */
export type NumberArray =
  FloatArray | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;
export type WideArray = BigInt64Array | BigUint64Array;

/** y[i] = f(x[i]) for all i; x and y may be the same array. A loop of its own for each function. */
export type UnaryLoop = (x: NumberArray, y: NumberArray) => void;

/** z[zi + i] = f(x[xi + i * xs], y[yi + i * ys]) for i below n. */
export type BinaryLoop = (
  x: NumberArray,
  xi: number,
  xs: number,
  y: NumberArray,
  yi: number,
  ys: number,
  z: NumberArray,
  zi: number,
  n: number,
) => void;

/** A binary function on each kind of element that it is defined for. */
export interface BinaryFunction {
  readonly float: BinaryLoop;
  /** For the narrow whole-number types; the float loop where absent. */
  readonly integer?: BinaryLoop;
  readonly wide?: (x: bigint, y: bigint) => bigint;
  /** The backend's name of the function, if it has it. */
  readonly native?: ElementwiseFunction;
}

/**
 * Runs a unary loop on input 0, a tensor of floating-point or narrow whole numbers.
 *
 * @param activation the same function as an activation, which the backend may apply
 * @param constant whether it is the same in every run
 */
export function evaluateUnary(
  call: Evaluation,
  x: RunTensor,
  loop: UnaryLoop,
  activation?: Activation,
  constant = true,
): RunTensor[] {
  if (x.type === 'string' || x.type === 'bool' || isWide(x.type)) {
    throw unsupportedType(call.node, x.type);
  }
  const { type, dims } = x;
  const overwrites = overwritten(call, [x], dims);
  const step = activation && { f: 'copy' as const, activation };
  const native = step && elementwiseRun(call, step, dims, [x], constant);
  const run = native ? repeated(native) : repeatedLoop(loop);
  const how = { type, dims, layout: call.layout, overwrites, run };
  return [runRepeatable(call, x.data, how, constant)];
}

/** A separate function, so that the closure does not hold the tensors of the evaluation. */
function repeatedLoop(loop: UnaryLoop): RepeatedRun {
  return (x, _, y) => loop(x as NumberArray, y as NumberArray);
}

/** A loop that calls `f` for each element, for functions whose speed does not matter. */
export function loopOf(f: (x: number) => number): UnaryLoop {
  return (x, y) => {
    for (let i = 0; i < y.length; i++) y[i] = f(x[i]!);
  };
}

export function binaryLoopOf(f: (x: number, y: number) => number): BinaryLoop {
  return (x, xi, xs, y, yi, ys, z, zi, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) z[zi + i] = f(x[xi]!, y[yi]!);
  };
}

/**
 * Applies a binary function to inputs 0 and 1, and the activation that was merged into the step.
 *
 * @param operands the inputs, the second as legacyDims() places it
 */
export function evaluatePair(
  call: Evaluation,
  operands: readonly [RunTensor, RunTensor],
  f: BinaryFunction,
): RunTensor {
  const [left, right] = operands;
  const activation = call.epilogue?.activation;
  const { type } = left;
  const dims = broadcastShapes([left.dims, right.dims]);
  const overwrites = overwritten(call, operands, dims);
  const own = overwrites === undefined ? undefined : operands[overwrites];
  if (f.native !== undefined && type === right.type) {
    const step = { f: f.native, activation };
    const run = elementwiseRun(call, step, dims, operands, true);
    if (run !== undefined) {
      const how = { type, dims, layout: call.layout, second: 1, overwrites, run: repeated(run) };
      return runRepeatable(call, left.data, how, true, right.data);
    }
  }
  return activated(evaluateBinary(call, left, right, f, own), activation);
}

/** Applies an activation in place to a result that nothing else has read. */
export function activated(y: RunTensor, activation: Activation | undefined): RunTensor {
  if (activation !== undefined) activateInPlace(activation, y.data as FloatArray);
  return y;
}

/**
 * Applies a binary function to two operands of one type, broadcast against each other.
 *
 * @param overwrite the operand whose memory may take the result, if it is large enough
 */
export function evaluateBinary(
  call: Evaluation,
  left: RunTensor,
  right: RunTensor,
  f: BinaryFunction,
  overwrite?: RunTensor,
): RunTensor {
  const { type } = left;
  if (type !== right.type) {
    throw nodeError(
      call.node,
      'ERR_MODEL',
      `operands have different types: ${type} and ${right.type}`,
    );
  }
  const dims = broadcastShapes([left.dims, right.dims]);
  const fits = overwrite !== undefined && sameDims(overwrite.dims, dims);
  const data = fits ? overwrite.data : call.allocate(type, dims);
  const step = f.native && { f: f.native };
  const run = step && elementwiseRun(call, step, dims, [left, right], false);
  if (run !== undefined) {
    run(left.data as Float32Array, right.data as Float32Array, data as Float32Array);
    return { type, dims, data };
  }
  const runs = runsOf(dims, [left.dims, right.dims]);
  const [leftStep, rightStep] = runs.steps as [number, number];
  const [leftAt, rightAt] = runs.offsets as [Int32Array, Int32Array];
  const { length } = runs;
  if (isWide(type)) {
    const { wide } = f;
    if (wide === undefined) throw unsupportedType(call.node, type);
    const x = left.data as BigInt64Array;
    const y = right.data as BigInt64Array;
    const z = data as BigInt64Array;
    for (let run = 0; run < runs.count; run++) {
      let xi = leftAt[run]!;
      let yi = rightAt[run]!;
      for (let i = run * length; i < (run + 1) * length; i++, xi += leftStep, yi += rightStep) {
        z[i] = wide(x[xi]!, y[yi]!);
      }
    }
    return { type, dims, data };
  }
  if (type === 'string' || type === 'bool') throw unsupportedType(call.node, type);
  const loop = isFloatType(type) ? f.float : (f.integer ?? f.float);
  const x = left.data as NumberArray;
  const y = right.data as NumberArray;
  const z = data as NumberArray;
  for (let run = 0; run < runs.count; run++) {
    loop(x, leftAt[run]!, leftStep, y, rightAt[run]!, rightStep, z, run * length, length);
  }
  return { type, dims, data };
}

/**
 * The second operand's dimensions under the rule of opsets below 7: aligned at the attribute
 * `axis` of the first operand instead of at the end.
 */
export function legacyDims<D>(node: Node, rank: number, dims: readonly D[]): readonly (D | 1)[] {
  if (node.opset >= 7 || node.attribute('broadcast', 'int') !== 1) return dims;
  const axis = node.attribute('axis', 'int');
  if (axis === undefined) return dims;
  const start = axis < 0 ? axis + rank : axis;
  const trailing = Math.max(0, rank - start - dims.length);
  return [...dims, ...Array<1>(trailing).fill(1)];
}

/** Inputs 0 and 1, the second as legacyDims() places it. */
export function operands(
  node: Node,
  inputs: readonly (RunTensor | undefined)[],
): [RunTensor, RunTensor] {
  const left = required(node, inputs, 0);
  const right = required(node, inputs, 1);
  const dims = legacyDims(node, left.dims.length, right.dims);
  return [left, dims === right.dims ? right : { ...right, dims }];
}

/** Facts of an output that all inputs are broadcast to; of the first input's type by default. */
export function inferBroadcast(
  node: Node,
  inputs: readonly (ValueFacts | undefined)[],
  type: DataType | undefined = inputs[0]?.type,
): ValueFacts[] {
  const first = inputs[0]?.dims;
  if (first === undefined) return [{ ...UNKNOWN, type }];
  let dims = first;
  for (const input of inputs.slice(1)) {
    if (input?.dims === undefined) return [{ ...UNKNOWN, type }];
    dims = broadcastDims(dims, legacyDims(node, first.length, input.dims));
  }
  return [{ type, dims }];
}
