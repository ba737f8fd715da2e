import { stridesOf } from '../tensor/shape.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { UNKNOWN } from './facts.js';
import { bodyOf, MAX_ROUNDS } from './loop.js';
import type { Evaluation, RunTensor } from './operator.js';
import { required } from './run-tensor.js';
import { ANY, axisOf, nodeError, operator } from './schema.js';
import { stack } from './stack.js';
import { strided } from './strided.js';

/** Axes or directions: one number for each scan input or output. Absent: zeros. */
function listOf(node: Node, name: string, count: number): readonly number[] {
  const list = node.attribute(name, 'ints') ?? new Array<number>(count).fill(0);
  if (list.length === count) return list;
  throw nodeError(
    node,
    'ERR_MODEL',
    `expected ${count} numbers in ${name}, received ${list.length}`,
  );
}

/** A tensor that is scanned along one axis, from either end. */
interface Scanned {
  readonly tensor: RunTensor;
  readonly axis: number;
  readonly backwards: boolean;
}

/** The slice of one iteration, without the scanned axis. */
function sliceOf(call: Evaluation, scanned: Scanned, round: number): RunTensor {
  const { tensor, axis, backwards } = scanned;
  const without = (list: readonly number[]) => list.filter((_, at) => at !== axis);
  const strides = stridesOf(tensor.dims);
  const at = backwards ? tensor.dims[axis]! - 1 - round : round;
  const offset = at * strides[axis]!;
  const dims = without(tensor.dims);
  return strided(call, tensor, { dims, strides: without(strides), offset });
}

/** Moves the first axis to the given position. */
function moveFirst(call: Evaluation, x: RunTensor, given: number): RunTensor {
  const axis = axisOf(call.node, given, x.dims.length);
  if (axis === 0) return x;
  const strides = stridesOf(x.dims);
  const moved = (list: readonly number[]) => {
    const [first, ...others] = list;
    return others.toSpliced(axis, 0, first!);
  };
  return strided(call, x, { dims: moved(x.dims), strides: moved(strides) });
}

/**
 * Runs its body for each slice of its scan inputs. The body takes the carried values and the
 * slices, and returns the carried values and slices that are stacked. Scan before opset 9, which
 * has a batch axis, is not supported.
 */
export const scan = operator('Scan', {
  since: 9,
  inputs: [1, ANY],
  outputs: [1, ANY],
  infer: (node) => node.outputs.map(() => UNKNOWN),
  evaluate(call, inputs) {
    const { node } = call;
    const body = bodyOf(node);
    const count = node.attribute('num_scan_inputs', 'int') ?? 0;
    const states = inputs.length - count;
    const outputs = body.outputs.length - states;
    if (count < 1 || states < 0 || outputs < 0 || body.inputs.length !== inputs.length) {
      const message = `num_scan_inputs ${count} does not fit ${inputs.length} inputs and its body`;
      throw nodeError(node, 'ERR_MODEL', message);
    }
    const scanned = scannedInputs(call, inputs.slice(states));
    const rounds = roundsOf(node, scanned);
    let carried: readonly (RunTensor | undefined)[] = inputs
      .slice(0, states)
      .map((_, at) => required(node, inputs, at));
    const parts: (RunTensor | undefined)[][] = Array.from({ length: outputs }, () => []);
    for (let round = 0; round < rounds; round++) {
      const slices = scanned.map((each) => sliceOf(call, each, round));
      const results = call.runBody(body, [...carried, ...slices]);
      carried = results.slice(0, states);
      parts.forEach((list, at) => list.push(results[states + at]));
    }
    const stacked = stackedOutputs(call, parts, body.outputs.slice(states));
    return [...carried.map((_, at) => required(node, carried, at)), ...stacked];
  },
});

function scannedInputs(call: Evaluation, tensors: readonly (RunTensor | undefined)[]): Scanned[] {
  const { node } = call;
  const axes = listOf(node, 'scan_input_axes', tensors.length);
  const directions = listOf(node, 'scan_input_directions', tensors.length);
  return tensors.map((_, at) => {
    const tensor = required(node, tensors, at);
    const axis = axisOf(node, axes[at]!, tensor.dims.length);
    return { tensor, axis, backwards: directions[at] === 1 };
  });
}

function roundsOf(node: Node, scanned: readonly Scanned[]): number {
  const lengths = scanned.map(({ tensor, axis }) => tensor.dims[axis]!);
  const [rounds] = lengths as [number];
  if (lengths.some((length) => length !== rounds)) {
    throw nodeError(
      node,
      'ERR_ARGUMENT',
      `scan inputs have different lengths: ${lengths.join(', ')}`,
    );
  }
  if (rounds > MAX_ROUNDS) throw nodeError(node, 'ERR_LIMIT', `over ${MAX_ROUNDS} iterations`);
  return rounds;
}

function stackedOutputs(
  call: Evaluation,
  parts: readonly (readonly (RunTensor | undefined)[])[],
  outputs: readonly Value[],
): RunTensor[] {
  const axes = listOf(call.node, 'scan_output_axes', parts.length);
  const directions = listOf(call.node, 'scan_output_directions', parts.length);
  return parts.map((list, at) => {
    const inOrder = directions[at] === 1 ? list.toReversed() : list;
    return moveFirst(call, stack(call, inOrder, outputs[at]), axes[at]!);
  });
}
