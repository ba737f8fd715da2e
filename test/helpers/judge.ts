// onnxruntime-node as an independent judge: all optimisation off, so that it computes what the
// file says.

import * as ort from 'onnxruntime-node';

import type { Tensor } from '#convfuse/tensor/tensor.js';

export type Outputs = Readonly<Record<string, Tensor>>;

/** A session that computes what the file says, as it says it. */
export function literalSession(bytes: Uint8Array): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(bytes, {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
}

/** Runs a model; undefined, with a printed line, where onnxruntime does not take the file. */
export async function judge(
  label: string,
  bytes: Uint8Array,
  feeds: Outputs,
): Promise<Outputs | undefined> {
  let session: ort.InferenceSession;
  try {
    session = await literalSession(bytes);
  } catch (error) {
    console.error(
      `skipped: onnxruntime refuses ${label}: ${(error as Error).message.slice(0, 120)}`,
    );
    return undefined;
  }
  return runReleased(session, feeds);
}

/** What onnxruntime says of a drawn model, or why it refuses the model or its inputs. */
export async function verdict(bytes: Uint8Array, feeds: Outputs): Promise<Outputs | string> {
  try {
    return await runReleased(await literalSession(bytes), feeds);
  } catch (error) {
    return (error as Error).message;
  }
}

async function runReleased(session: ort.InferenceSession, feeds: Outputs): Promise<Outputs> {
  try {
    const inputs = Object.entries(feeds).map(([name, tensor]) => [name, forJudge(tensor)]);
    const results = await session.run(Object.fromEntries(inputs) as Record<string, ort.Tensor>);
    return results as unknown as Outputs;
  } finally {
    await session.release();
  }
}

/**
 * On Node 24 the constructor of ort.Tensor takes only Float16Array for float16, and the binding
 * behind it only the bits in a Uint16Array: so that tensor is made without its constructor.
 */
export function forJudge({ type, data, dims }: Tensor): ort.Tensor {
  if (type === 'float16') return { type, data, dims, location: 'cpu' } as unknown as ort.Tensor;
  return new ort.Tensor(type as 'float32', data as Float32Array, dims);
}

/** The first element beyond atol + rtol * abs(expected), in words; undefined when there is none. */
export function firstDifference(
  expected: Tensor,
  actual: Tensor,
  tolerance: number,
): string | undefined {
  if (expected.data.length !== actual.data.length) {
    return `${actual.data.length} elements in place of ${expected.data.length}`;
  }
  for (let i = 0; i < expected.data.length; i++) {
    const a = Number(expected.data[i]);
    const b = Number(actual.data[i]);
    if (Object.is(a, b) || a === b) continue;
    // Written so that a NaN on either side is a difference.
    if (!(Math.abs(a - b) <= tolerance * (1 + Math.abs(a)))) return `[${i}]: ${b} in place of ${a}`;
  }
  return undefined;
}
