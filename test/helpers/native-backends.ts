// The native backends of this CPU beside the reference, through a session.

import type { Backend } from '#convfuse/backend/backend.js';
import { loadAddon } from '#convfuse/backend/native/binding.js';
import { NativeBackend } from '#convfuse/backend/native/index.js';
import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { parseText, type TextOptions } from '#convfuse/ir/text.js';
import { Session } from '#convfuse/runtime/session.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';

const loaded = loadAddon();
if ('reason' in loaded) throw new Error(loaded.reason);
export const { addon } = loaded;

/** One backend of two threads for each ISA. */
export const nativeBackends = addon
  .info()
  .isas.map((isa) => new NativeBackend(addon, isa, 2, 'test'));

const reference = new ReferenceBackend('test');

export type Feeds = Readonly<Record<string, Tensor>>;

/** What three runs give on a backend: all but the first one repeat its steps. */
export interface Runs {
  readonly isa: string;
  readonly outputs: readonly Tensor[];
}

/** Runs a model on every native backend, three times, and in double on the reference. */
export function runEverywhere(
  text: string,
  feeds: Feeds,
  options: TextOptions = {},
): { readonly expected: Tensor; readonly actual: readonly Runs[] } {
  const model = parseText(text, options);
  const run = (backend: Backend): Runs => {
    const arithmetic = backend === reference ? 'float64' : 'float32';
    const session = Session.create(model, { backend, arithmetic });
    const outputs = [0, 1, 2].map(() => Object.values(session.runSync(feeds))[0]!);
    session.dispose();
    return { isa: backend.isa, outputs };
  };
  return { expected: run(reference).outputs[0]!, actual: nativeBackends.map(run) };
}

/**
 * The first element that is neither within the bound of the expected one, nor equal to it, nor NaN
 * where that is; undefined where there is none.
 */
export function firstWrong(
  { expected, actual }: ReturnType<typeof runEverywhere>,
  bound: (value: number, index: number) => number,
): string | undefined {
  const want = expected.data as Float32Array;
  for (const { isa, outputs } of actual) {
    for (const { dims, data } of outputs) {
      const got = data as Float32Array;
      if (dims.join() !== expected.dims.join()) return `${isa}: dims ${dims.join()}`;
      const wrong = want.findIndex(
        (value, i) =>
          !Object.is(got[i], value) &&
          got[i] !== value &&
          !(Math.abs(got[i]! - value) <= bound(value, i)),
      );
      if (wrong >= 0) return `${isa}: ${got[wrong]} for ${want[wrong]} at ${wrong}`;
    }
  }
  return undefined;
}
