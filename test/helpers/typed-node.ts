// One-node models whose inputs are of any types, judged by onnxruntime with its optimisation off.

import test from 'ava';

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { readModel } from '#convfuse/onnx/read.js';
import { Inference } from '#convfuse/ops/infer.js';
import { Session } from '#convfuse/runtime/session.js';
import { isFloatType, type DataType } from '#convfuse/tensor/dtype.js';
import { toFloat16 } from '#convfuse/tensor/half.js';
import { Random } from '#convfuse/tensor/random.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { verdict, type Outputs } from './judge.js';
import { distance } from './model-files.js';
import { feedsOf, oneNodeModel, type OneNode } from './one-node.js';
import { checkFacts, tensorOf } from './run-text.js';

export interface TypedConfig extends Omit<OneNode, 'constant'> {
  readonly outputs?: readonly DataType[];
  /** Absolute and relative. Default: none, elements are the same. */
  readonly tolerance?: number;
}

/** Elements from `low` to `high`: halves too, where the type has them. */
export function typedTensor(
  r: Random,
  type: DataType,
  dims: readonly number[],
  low: number,
  high: number,
): Tensor {
  const half = isFloatType(type) ? 2 : 1;
  const values = Array.from({ length: elementCount(dims) }, () => {
    const value = r.integer(low * half, high * half) / half;
    return type === 'float16' ? toFloat16(value) : value;
  });
  return tensorOf(dims, values, type);
}

const backend = new ReferenceBackend('tests');

/**
 * Draws configurations and compares what the library computes with what onnxruntime does, and with
 * what inference says, of inputs and of constants. Those that onnxruntime refuses are only run; half
 * of them must be left.
 */
export function checkTyped(name: string, count: number, draw: (r: Random) => TypedConfig): void {
  test(name, async (t) => {
    const r = new Random(name.length * 7919 + count);
    let judged = 0;
    for (let i = 0; i < count; i++) {
      const config = draw(r);
      const bytes = oneNodeModel(config, false);
      const feeds = feedsOf(config);
      const text = `${config.op} ${JSON.stringify(config, (_, value: unknown) =>
        ArrayBuffer.isView(value) ? Array.from(value as unknown as number[], String) : value,
      )}`;
      const wanted = await verdict(bytes, feeds);
      const outputs = runChecked(config, bytes, feeds);
      if (typeof wanted === 'string') continue;
      judged += 1;
      outputs.forEach((output, k) => {
        const right = wanted[`y${k}`]!;
        const apart = distance(output, right);
        const both = `${output.type} ${output.dims} for ${right.type} ${right.dims}`;
        t.true(apart <= (config.tolerance ?? 0), `${apart}: ${both}: ${text}`);
      });
    }
    t.log(`${judged} of ${count} configurations are judged`);
    t.true(judged * 2 >= count);
  });
}

/** Outputs, of which everything that inference says is so. */
function runChecked(config: TypedConfig, bytes: Uint8Array, feeds: Outputs): Tensor[] {
  const model = readModel({ bytes, path: undefined, external: undefined });
  const session = Session.create(model, { backend });
  const outputs = Object.values(session.runSync(feeds));
  session.dispose();
  const inputDims = new Map(Object.entries(feeds).map(([name, { dims }]) => [name, dims]));
  for (const constant of [Infinity, 1]) {
    const varied = oneNodeModel({ ...config, constant }, false);
    const source = { bytes: varied, path: undefined, external: undefined };
    const inference = new Inference({ inputDims });
    readModel(source).graph.outputs.forEach((value, i) => {
      checkFacts(`${config.op} ${i}`, outputs[i]!, inference.facts(value));
    });
  }
  return outputs;
}
