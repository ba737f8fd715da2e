// One-node models on inputs of any types, judged by onnxruntime with its optimisation off.

import test from 'ava';

import { selectBackend } from '#convfuse/backend/select.js';
import { readModel } from '#convfuse/onnx/read.js';
import { Inference } from '#convfuse/ops/infer.js';
import { Session } from '#convfuse/runtime/session.js';
import type { DataType } from '#convfuse/tensor/dtype.js';
import { Random } from '#convfuse/tensor/random.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { verdict } from './judge.js';
import { distance } from './model-files.js';
import { feedsOf, oneNodeModel, type OneNode } from './one-node.js';
import { tensorOf } from './run-text.js';

/** Its outputs are one of float32, where it does not say. */
export type Case = OneNode;

/** What is wrong with an output, if anything. Whole numbers must be equal. */
function fault(actual: Tensor, wanted: Tensor, tolerance: number): string | undefined {
  const apart = distance(actual, wanted);
  if (apart <= (wanted.type.startsWith('float') ? tolerance : 0)) return undefined;
  const list = ({ data }: Tensor): string => Array.from(data as Float32Array).join(' ');
  return `${apart}: ${actual.type} ${actual.dims} [${list(actual)}] for ${wanted.type} ${wanted.dims} [${list(wanted)}]`;
}

const describe = (spec: Case): string =>
  JSON.stringify(spec, (_, value: unknown) => {
    if (typeof value === 'bigint') return Number(value);
    return ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value;
  });

/**
 * Draws cases, and compares the reference and the native backend, and shape inference, with
 * onnxruntime. Those that it refuses do not count; half of them must be left.
 *
 * @param tolerance of floating-point results, absolute and relative
 */
export function checkCases(
  name: string,
  count: number,
  draw: (r: Random) => Case,
  tolerance = 1e-5,
): void {
  test(name, async (t) => {
    const r = new Random(name.length * 7919 + count);
    const backends = [selectBackend('reference'), selectBackend('auto')];
    const refusals = new Set<string>();
    let judged = 0;
    for (let i = 0; i < count; i++) {
      const spec: Case = { outputs: ['float32'], ...draw(r) };
      const bytes = oneNodeModel(spec, true);
      const feeds = feedsOf(spec);
      const wanted = await verdict(bytes, feeds);
      if (typeof wanted === 'string') {
        refusals.add(wanted.slice(0, 300));
        continue;
      }
      judged += 1;
      const model = readModel({ bytes, path: undefined, external: undefined });
      const inputDims = new Map(Object.entries(feeds).map(([key, { dims }]) => [key, dims]));
      const inference = new Inference({ inputDims });
      for (const backend of backends) {
        const session = Session.create(model, { backend, precision: 'strict' });
        // Twice: the second run repeats what the first one noted.
        session.runSync(feeds);
        for (const [key, output] of Object.entries(session.runSync(feeds))) {
          const found = fault(output, wanted[key]!, tolerance);
          t.is(found, undefined, `${backend.name} ${key} ${found}: ${describe(spec)}`);
        }
        session.dispose();
      }
      for (const value of model.graph.outputs) {
        const { type, dims } = inference.facts(value);
        const right = wanted[value.name]!;
        const fits = dims?.every((size, k) => typeof size !== 'number' || size === right.dims[k]);
        t.true(dims === undefined || (fits && dims.length === right.dims.length), describe(spec));
        t.is(type, right.type);
      }
    }
    t.log(`${judged} of ${count} configurations are valid`, ...refusals);
    t.true(judged * 2 >= count);
  });
}

export function normals(r: Random, ...dims: number[]): Tensor {
  const count = dims.reduce((product, size) => product * size, 1);
  return { type: 'float32', dims, data: r.normals(count) };
}

/** Whole numbers in [low, high]. */
export function wholes(
  r: Random,
  type: DataType,
  dims: readonly number[],
  low: number,
  high: number,
): Tensor {
  const count = dims.reduce((product, size) => product * size, 1);
  return tensorOf(
    dims,
    Array.from({ length: count }, () => r.integer(low, high)),
    type,
  );
}
