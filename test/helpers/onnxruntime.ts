// One-node models on random inputs, judged by onnxruntime with its optimisation off.

import test from 'ava';

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { readModel } from '#convfuse/onnx/read.js';
import { Session } from '#convfuse/runtime/session.js';
import { Random } from '#convfuse/tensor/random.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { verdict } from './judge.js';
import { modelBytes, node, tensor, type AttributeSpec } from './model-builder.js';
import { distance } from './model-files.js';

export type Attributes = Readonly<Record<string, AttributeSpec>>;

/** One node on a random input x; further inputs are constants. */
export interface Config {
  readonly op: string;
  readonly opset: number;
  readonly x: readonly number[];
  readonly attributes?: Attributes;
  /** Dimensions and elements: numbers make int64, Float32Array float32. */
  readonly more?: readonly (Constant | undefined)[];
  readonly outputs?: number;
}

export interface Constant {
  readonly dims: readonly number[];
  readonly data: Float32Array | readonly number[];
}

function bytesOf({ op, opset, x, attributes = {}, more = [], outputs = 1 }: Config): Uint8Array {
  const names = more.map((constant, i) => (constant === undefined ? '' : `k${i}`));
  const out = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const initializers = more.flatMap((constant, i) => {
    if (constant === undefined) return [];
    const { dims, data } = constant;
    return data instanceof Float32Array
      ? [tensor(`k${i}`, dims, data)]
      : [tensor(`k${i}`, dims, BigInt64Array.from(data, BigInt), 'int64')];
  });
  return modelBytes({
    irVersion: 8,
    opset,
    inputs: [['x', x]],
    // Indices are the second output of every operator here that has them.
    outputs: out.map((name, i) =>
      op.startsWith('Arg') || (i === 1 && op !== 'Split') ? [name, undefined, 'int64'] : name,
    ),
    initializers,
    nodes: [node(op, ['x', ...names], out, attributes)],
  });
}

const backend = new ReferenceBackend('tests');

/**
 * Draws configurations, and compares the reference backend's outputs with onnxruntime's. Those that
 * it refuses do not count; half of them must be left.
 */
export function checkAgainstOnnxruntime(
  name: string,
  count: number,
  draw: (r: Random) => Config,
): void {
  test(name, async (t) => {
    const r = new Random(name.length * 7919 + count);
    let judged = 0;
    for (let i = 0; i < count; i++) {
      const config = draw(r);
      const size = config.x.reduce((product, dim) => product * dim, 1);
      const x: Tensor = { type: 'float32', dims: config.x, data: r.normals(size) };
      const bytes = bytesOf(config);
      const wanted = await verdict(bytes, { x });
      if (typeof wanted === 'string') continue;
      judged += 1;
      const model = readModel({ bytes, path: undefined, external: undefined });
      const outputs = Object.entries(Session.create(model, { backend }).runSync({ x }));
      for (const [key, output] of outputs) {
        const apart = distance(output, wanted[key]!);
        const text = JSON.stringify(config, (_, value: unknown) =>
          value instanceof Float32Array ? [...value] : value,
        );
        t.true(apart <= 1e-5, `${apart}: ${output.dims} for ${wanted[key]!.dims}: ${text}`);
      }
    }
    t.log(`${judged} of ${count} configurations are valid`);
    t.true(judged * 2 >= count);
  });
}

export function pick<T>(r: Random, values: readonly T[]): T {
  return values[r.integer(0, values.length - 1)]!;
}

export function dims(r: Random, rank: number, low = 1, high = 6): number[] {
  return Array.from({ length: rank }, () => r.integer(low, high));
}

export function floats(r: Random, ...shape: number[]): Constant {
  return { dims: shape, data: r.normals(shape.reduce((product, size) => product * size, 1)) };
}
