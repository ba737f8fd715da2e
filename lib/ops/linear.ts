import { IDENTITY } from '../backend/activation.js';
import type { FloatArray } from '../backend/backend.js';
import type { LinearLayer, LinearSpec } from '../backend/linear.js';
import { KernelCache, nameOf } from './kernel-cache.js';
import type { Evaluation, RepeatedRun, RunTensor } from './operator.js';
import { runRepeatable } from './repeatable.js';
import { floatsOf } from './run-tensor.js';

/** Rows that are multiplied by a constant matrix. */
export interface LinearProduct extends Omit<LinearSpec, 'activation' | 'threads'> {
  readonly a: RunTensor;
  /** Of the output. */
  readonly dims: readonly number[];
}

/**
 * Runs a product on the backend, whose matrix is packed once, with the activation that was merged into
 * it.
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
  const name = nameOf(activation);
  const kept = call.keep(() => new KernelCache<LinearLayer>());
  const make = (): LinearLayer | undefined =>
    backend.linear?.({ ...shape, weight, activation, threads });
  const layer = kept.get(name, weight, make);
  if (layer === undefined) return undefined;
  const run = layer.run as RepeatedRun;
  const holds = kept.holding(name, layer);
  return runRepeatable(call, x, { type: a.type, dims, layout: undefined, run, holds });
}

/** The row of n numbers that C adds to all rows of a product; undefined where they differ. */
export function rowOf(c: FloatArray, dims: readonly number[], n: number): FloatArray | undefined {
  if (c.length === 1) return new Float32Array(n).fill(c[0]!);
  return c.length === n && dims.at(-1) === n ? c : undefined;
}
