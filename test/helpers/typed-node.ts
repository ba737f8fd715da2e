// One-node models whose inputs are of any types, judged by onnxruntime with its optimisation off.

import type * as ort from 'onnxruntime-node';
import test from 'ava';

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { readModel } from '#convfuse/onnx/read.js';
import { Inference } from '#convfuse/ops/infer.js';
import { Session } from '#convfuse/runtime/session.js';
import { isFloatType, type DataType, type TensorData } from '#convfuse/tensor/dtype.js';
import { toFloat16 } from '#convfuse/tensor/half.js';
import { Random } from '#convfuse/tensor/random.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { forJudge, literalSession } from './judge.js';
import { modelBytes, node, tensor, type AttributeSpec } from './model-builder.js';
import { distance } from './model-files.js';
import { checkFacts, tensorOf } from './run-text.js';

export interface TypedConfig {
  readonly op: string;
  readonly opset: number;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  /** Types of the outputs. Default: one of the first input's type. */
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

/** The model; with all inputs but the first as constants, if those are to be. */
function bytesOf(config: TypedConfig, constants: boolean): Uint8Array {
  const { op, opset, inputs, attributes = {} } = config;
  const { outputs = [inputs[0]!.type] } = config;
  const given = inputs.flatMap((input, i) => (input === undefined ? [] : [{ input, i }]));
  const fed = given.filter(({ i }) => i === 0 || !constants);
  const fixed = given.filter(({ i }) => i > 0 && constants);
  return modelBytes({
    irVersion: 8,
    opset,
    inputs: fed.map(({ input, i }) => [`x${i}`, input.dims.map(() => undefined), input.type]),
    initializers: fixed.map(({ input: { dims, data, type }, i }) =>
      tensor(`x${i}`, dims, data as Exclude<TensorData, readonly string[]>, type),
    ),
    outputs: outputs.map((type, i) => [`y${i}`, undefined, type]),
    nodes: [
      node(
        op,
        inputs.map((input, i) => (input === undefined ? '' : `x${i}`)),
        outputs.map((_, i) => `y${i}`),
        attributes,
      ),
    ],
  });
}

/** What onnxruntime says; undefined where it refuses the model or its inputs. */
async function judge(
  bytes: Uint8Array,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<readonly Tensor[] | undefined> {
  let session: ort.InferenceSession | undefined;
  try {
    session = await literalSession(bytes);
    const given = Object.entries(feeds).map(([name, input]) => [name, forJudge(input)]);
    const results = await session.run(Object.fromEntries(given) as Record<string, ort.Tensor>);
    return session.outputNames.map((name) => results[name] as unknown as Tensor);
  } catch {
    return undefined;
  } finally {
    await session?.release();
  }
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
      const bytes = bytesOf(config, false);
      const feeds = Object.fromEntries(
        config.inputs.flatMap((input, k) => (input === undefined ? [] : [[`x${k}`, input]])),
      );
      const text = `${config.op} ${JSON.stringify(config, (_, value: unknown) =>
        ArrayBuffer.isView(value) ? Array.from(value as unknown as number[], String) : value,
      )}`;
      const wanted = await judge(bytes, feeds);
      const outputs = runChecked(config, bytes, feeds);
      if (wanted === undefined) continue;
      judged += 1;
      outputs.forEach((output, k) => {
        const apart = distance(output, wanted[k]!);
        const both = `${output.type} ${output.dims} for ${wanted[k]!.type} ${wanted[k]!.dims}`;
        t.true(apart <= (config.tolerance ?? 0), `${apart}: ${both}: ${text}`);
      });
    }
    t.log(`${judged} of ${count} configurations are judged`);
    t.true(judged * 2 >= count);
  });
}

/** Outputs, of which everything that inference says is so. */
function runChecked(
  config: TypedConfig,
  bytes: Uint8Array,
  feeds: Readonly<Record<string, Tensor>>,
): Tensor[] {
  const model = readModel({ bytes, path: undefined, external: undefined });
  const session = Session.create(model, { backend });
  const outputs = Object.values(session.runSync(feeds));
  session.dispose();
  const inputDims = new Map(Object.entries(feeds).map(([name, { dims }]) => [name, dims]));
  for (const constants of [false, true]) {
    const source = { bytes: bytesOf(config, constants), path: undefined, external: undefined };
    const inference = new Inference({ inputDims });
    readModel(source).graph.outputs.forEach((value, i) => {
      checkFacts(`${config.op} ${i}`, outputs[i]!, inference.facts(value));
    });
  }
  return outputs;
}
