import { ACTIVATION_KINDS } from '../activation.js';
import type { LinearLayer, LinearSpec } from '../linear.js';
import type { Addon } from './addon.js';
import { parametersOf } from './conv.js';
import { fromNative, native } from './errors.js';

/** Most columns, and products of one: positions are 32-bit numbers on the native side. */
const MOST = 2 ** 26;

/** As Backend.linear(). */
export function nativeLinear(
  addon: Addon,
  isa: string,
  ownThreads: number,
  spec: LinearSpec,
): LinearLayer | undefined {
  const { weight, n, k, transposed, bias, activation } = spec;
  if (!(weight instanceof Float32Array) || n === 0 || k === 0 || Math.max(n, k) > MOST) {
    return undefined;
  }
  const handle = native(() =>
    addon.createLinear(
      isa,
      weight,
      n,
      k,
      transposed,
      bias && Float32Array.from(bias),
      ACTIVATION_KINDS.indexOf(activation.kind),
      parametersOf(activation),
      activation.slope && Float32Array.from(activation.slope),
    ),
  );
  const threads = spec.threads ?? ownThreads;
  return {
    run(a, _, out) {
      try {
        addon.runLinear(handle, a as Float32Array, out as Float32Array, threads);
      } catch (error) {
        throw fromNative(error);
      }
    },
    dispose: () => native(() => addon.disposeLinear(handle)),
  };
}
