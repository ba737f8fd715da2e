import type { FloatArray } from '../backend/backend.js';
import type { Constant } from '../ir/constant.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import type { TensorData } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import { elementwiseRun, overwritten, type KeptElementwise } from './element-run.js';
import { activated } from './elementwise.js';
import type { Evaluation, RunTensor, ValueFacts } from './operator.js';
import { floatsOf, required, toRunTensor } from './run-tensor.js';
import { runRepeatable } from './repeatable.js';
import { floatOf, nodeError, operator } from './schema.js';

/** The default epsilon. The attribute is a float32, and so is its default. */
export const DEFAULT_EPSILON = Math.fround(1e-5);

/** Whether the node normalises by the statistics of its own batch. */
export function isTraining(node: Node): boolean {
  if (node.opset >= 14) return node.attribute('training_mode', 'int') === 1;
  if (node.opset >= 7) return node.namedOutputs.length > 1;
  return (node.attribute('is_test', 'int') ?? 0) === 0;
}

/** How elements are grouped: [outer, channels, inner], one set of parameters per channel. */
interface Layout {
  readonly outer: number;
  readonly channels: number;
  readonly inner: number;
}

function layoutOf(node: Node, dims: readonly number[]): Layout {
  const spatial = node.opset >= 9 || (node.attribute('spatial', 'int') ?? 1) !== 0;
  if (dims.length < 2) return { outer: dims[0] ?? 1, channels: 1, inner: 1 };
  return spatial
    ? { outer: dims[0]!, channels: dims[1]!, inner: elementCount(dims.slice(2)) }
    : { outer: dims[0]!, channels: elementCount(dims.slice(1)), inner: 1 };
}

/** y = (x - mean) * gamma / sqrt(variance + epsilon) + beta, in double, rounded once. */
function normalise(
  call: Evaluation,
  x: RunTensor,
  { outer, channels, inner }: Layout,
  [gamma, beta, mean, variance]: readonly ArrayLike<number>[],
  epsilon: number,
): RunTensor {
  const source = floatsOf(call.node, x);
  const data = call.canOverwrite(0) ? source : (call.allocate(x.type, x.dims) as FloatArray);
  for (let n = 0, at = 0; n < outer; n++) {
    for (let c = 0; c < channels; c++) {
      const scale = gamma![c]! / Math.sqrt(variance![c]! + epsilon);
      const shift = beta![c]!;
      const centre = mean![c]!;
      for (const end = at + inner; at < end; at++)
        data[at] = (source[at]! - centre) * scale + shift;
    }
  }
  return { type: x.type, dims: x.dims, data };
}

/** The least normal float32: smaller numbers have lost digits. */
const LEAST_NORMAL = 2 ** -126;
const LARGEST_POWER = 2 ** 127;

/** Means, scales and betas as one array, [3, C], and whether float32 holds the scales. */
function affineParameters(
  [gamma, beta, mean, variance]: readonly ArrayLike<number>[],
  epsilon: number,
): { readonly parameters: Float32Array; readonly held: boolean } {
  const channels = gamma!.length;
  const scale = Float32Array.from(gamma!, (g, c) => g / Math.sqrt(variance![c]! + epsilon));
  const held = scale.every(
    (s) => s === 0 || (Math.abs(s) >= LEAST_NORMAL && Math.abs(s) <= LARGEST_POWER),
  );
  const parameters = new Float32Array(3 * channels);
  [mean!, scale, beta!].forEach((part, i) => parameters.set(part, i * channels));
  return { parameters, held };
}

/**
 * Whether the backend can compute the node: in inference, with constant float32 parameters, one set
 * per channel, whose scales float32 can hold.
 */
export function normalisesByBackend(
  node: Node,
  constantOf: (value: Value) => Constant | undefined,
): boolean {
  if (isTraining(node) || (node.opset < 9 && node.attribute('spatial', 'int') === 0)) return false;
  const tensors = [1, 2, 3, 4].map((i) => {
    const value = node.inputs[i];
    return value && constantOf(value);
  });
  const values = tensors.map((tensor) => tensor && toRunTensor(tensor.read(), 'float32').data);
  if (!values.every((data) => data instanceof Float32Array)) return false;
  if (values.some(({ length }) => length !== values[0]!.length)) return false;
  const epsilon = node.attribute('epsilon', 'float') ?? DEFAULT_EPSILON;
  return affineParameters(values, epsilon).held;
}

/** normalise() on the backend. Steps are rounded, but x - mean is exact where both are close. */
function normaliseByBackend(
  call: Evaluation,
  x: RunTensor,
  layout: Layout,
  values: readonly FloatArray[],
  epsilon: number,
): RunTensor | undefined {
  if (!(x.data instanceof Float32Array) || values.some((v) => !(v instanceof Float32Array))) {
    return undefined;
  }
  const constant = [1, 2, 3, 4].every((i) => call.isConstant(i));
  const kept: KeptElementwise = constant ? call.keep<KeptElementwise>(() => ({})) : {};
  kept.norm ??= affineParameters(values, epsilon);
  const { parameters, held } = kept.norm;
  // Plans put no such norm between blocks, but its parameters may have been replaced since.
  if (!held && x.layout === undefined) return undefined;
  const { type, dims } = x;
  const channels = layout.inner === 1 ? dims.slice(1) : [dims[1]!, ...dims.slice(2).map(() => 1)];
  const other = { type, dims: channels, data: parameters };
  const activation = call.epilogue?.activation;
  const step = { f: 'normalise', activation, plane: layout.channels } as const;
  const run = elementwiseRun(call, step, dims, [x, other], constant);
  if (run === undefined) return undefined;
  const how = {
    type,
    dims,
    layout: call.layout,
    overwrites: overwritten(call, [x], dims),
    run: (from: TensorData, _: unknown, to: TensorData) =>
      run(from as Float32Array, parameters, to as Float32Array),
  };
  return runRepeatable(call, x.data, how, constant);
}

/** Mean and variance of each channel; the variance is divided by the count, not the count - 1. */
function statistics(
  source: FloatArray,
  { outer, channels, inner }: Layout,
): readonly [Float64Array, Float64Array] {
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  for (let pass = 0; pass < 2; pass++) {
    for (let n = 0, at = 0; n < outer; n++) {
      for (let c = 0; c < channels; c++) {
        for (const end = at + inner; at < end; at++) {
          if (pass === 0) mean[c]! += source[at]!;
          else variance[c]! += (source[at]! - mean[c]!) ** 2;
        }
      }
    }
    const sums = pass === 0 ? mean : variance;
    for (let c = 0; c < channels; c++) sums[c]! /= outer * inner;
  }
  return [mean, variance];
}

export const batchNormalization = operator('BatchNormalization', {
  inputs: [5, 5],
  outputs: [1, 5],
  takesEpilogue: 'activation',
  infer(node, inputs): ValueFacts[] {
    const [x, , , mean] = inputs;
    const channel = { type: mean?.type, dims: mean?.dims };
    return node.outputs.map((_, i) => (i === 0 ? { type: x?.type, dims: x?.dims } : channel));
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const layout = layoutOf(node, x.dims);
    const parameters = [1, 2, 3, 4].map((i) => floatsOf(node, required(node, inputs, i)));
    if (parameters.some((values) => values.length !== layout.channels)) {
      throw nodeError(node, 'ERR_MODEL', `expected ${layout.channels} elements in each parameter`);
    }
    const epsilon = node.attribute('epsilon', 'float') ?? DEFAULT_EPSILON;
    if (!isTraining(node)) {
      const y = normaliseByBackend(call, x, layout, parameters, epsilon);
      if (y !== undefined) return [y];
      const activation = call.epilogue?.activation;
      return [activated(normalise(call, x, layout, parameters, epsilon), activation)];
    }

    const [gamma, beta, oldMean, oldVariance] = parameters;
    const [mean, variance] = statistics(floatsOf(node, x), layout);
    const y = activated(
      normalise(call, x, layout, [gamma!, beta!, mean, variance], epsilon),
      call.epilogue?.activation,
    );
    const momentum = floatOf(node, 'momentum', 0.9);
    // The running mean and variance and, below opset 14, the mean and variance of this batch.
    const extra = [
      blend(oldMean!, mean, momentum),
      blend(oldVariance!, variance, momentum),
      mean,
      variance,
    ];
    const { type, dims } = required(node, inputs, 3);
    return node.outputs.map((_, i) => {
      if (i === 0) return y;
      const data = call.allocateFloat(type, layout.channels);
      data.set(extra[i - 1]!);
      return { type, dims, data };
    });
  },
});

function blend(old: FloatArray, current: Float64Array, momentum: number): Float64Array {
  return current.map((value, i) => old[i]! * momentum + value * (1 - momentum));
}
