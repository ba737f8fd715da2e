import { ACTIVATION_KINDS } from '../activation.js';
import type { LinearLayer, LinearSpec } from '../linear.js';
import type { Addon } from './addon.js';
import { boundLayer } from './bound.js';
import { parametersOf } from './conv.js';
import { native } from './errors.js';

/** The largest n and k: positions are 32-bit numbers on the native side. */
const MOST = 2 ** 26;

/** Implements Backend.linear(). */
export function nativeLinear(
  addon: Addon,
  isa: string,
  threads: number,
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
  return {
    run: boundLayer((a, residual, out) => addon.runLinear(handle, a, residual, out, threads)),
    dispose: () => native(() => addon.disposeLinear(handle)),
  };
}
