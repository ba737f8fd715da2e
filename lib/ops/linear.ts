import { IDENTITY } from '../backend/activation.js';
import type { FloatArray } from '../backend/backend.js';
import type { LinearLayer, LinearSpec } from '../backend/linear.js';
import type { Dim } from '../ir/value.js';
import { dimsText, sameDims } from '../tensor/shape.js';
import { KernelCache, nameOf } from './kernel-cache.js';
import type { Evaluation, RepeatedRun, RunTensor } from './operator.js';
import { runRepeatable } from './repeatable.js';
import { floatsOf } from './run-tensor.js';
import { nodeError } from './schema.js';

/** A product of rows with a constant matrix. */
export interface LinearProduct extends Omit<LinearSpec, 'activation' | 'threads'> {
  readonly a: RunTensor;
  /** Dimensions of the output. */
  readonly dims: readonly number[];
}

/**
 * Runs a product, with everything merged into it, on the backend. The matrix is packed once.
 *
 * @returns undefined where the backend has no such layers
 */
export function runLinear(
  call: Evaluation,
  { a, dims, weight, ...shape }: LinearProduct,
): RunTensor | undefined {
  const { backend, threads } = call;
  const x = floatsOf(call.node, a);
  if (backend.linear === undefined || !(x instanceof Float32Array)) return undefined;
  const activation = call.epilogue?.activation ?? IDENTITY;
  // Plans for other shapes may have merged no bias, and a convolution shares the cache.
  const name = `${nameOf(activation)} linear ${shape.bias ? 'biased' : 'plain'}`;
  const kept = call.keep(() => new KernelCache<LinearLayer>());
  const make = (): LinearLayer | undefined =>
    backend.linear?.({ ...shape, weight, activation, threads });
  const layer = kept.get(name, weight, make);
  if (layer === undefined) return undefined;
  const run = layer.run as RepeatedRun;
  const holds = kept.holding(name, layer);
  const how = { type: a.type, dims, layout: undefined, run, holds };
  return runRepeatable(call, x, how, true, residualOf(call, dims));
}

/** The residual that was merged into a product with an output of these dimensions. */
export function residualOf(call: Evaluation, dims: readonly number[]): FloatArray | undefined {
  const residual = call.epilogue?.residual;
  if (residual === undefined) return undefined;
  if (!sameDims(residual.dims, dims)) {
    const text = `a residual of ${dimsText(residual.dims)} was merged`;
    throw nodeError(call.node, 'ERR_INTERNAL', text);
  }
  return floatsOf(call.node, residual);
}

/** Whether `dims` are those of one number for each of n columns, or of one for all. */
export function isRow(dims: readonly Dim[], n: number): boolean {
  const last = dims.at(-1) ?? 1;
  return (last === n || last === 1) && dims.slice(0, -1).every((size) => size === 1);
}

/** The row of n numbers that C adds to every row of a product; undefined where rows differ. */
export function rowOf(c: FloatArray, dims: readonly number[], n: number): FloatArray | undefined {
  if (!isRow(dims, n)) return undefined;
  return c.length === n ? c : new Float32Array(n).fill(c[0]!);
}
