import type { BlockedPoolSpec, BoundLayer, PoolAxis, PoolSpec } from '../backend.js';
import type { Addon } from './addon.js';
import { boundLayer } from './bound.js';
import { linkable } from './chain.js';
import { haloNumbers } from './conv.js';

/** Implements Backend.pool(). */
export function nativePool(
  addon: Addon,
  isa: string,
  threads: number,
  { kind, planes, axes, padded }: PoolSpec,
): BoundLayer {
  const sizes = Uint32Array.of(planes, ...sizesOf(axes));
  const windows = windowsOf(axes, padded);
  const mean = kind === 'mean';
  return boundLayer((x, _, y) => addon.pool(isa, mean, x, y, sizes, windows, threads));
}

/** Implements Backend.poolBlocked(). */
export function nativeBlockedPool(
  addon: Addon,
  isa: string,
  threads: number,
  { kind, batch, channels, axes, padded, layouts }: BlockedPoolSpec,
): BoundLayer {
  const plane = axes.slice(1);
  const halos = [...haloNumbers(layouts.x), ...haloNumbers(layouts.y)];
  const sizes = Uint32Array.of(batch, channels, ...sizesOf(plane), ...halos);
  const windows = windowsOf(plane, padded);
  const mean = kind === 'mean';
  const run = boundLayer((x, _, y) => addon.poolBlocked(isa, mean, x, y, sizes, windows, threads));
  return linkable(run, { threads, link: [mean, sizes, windows] });
}

function sizesOf(axes: readonly PoolAxis[]): number[] {
  return [
    ...axes.map(({ input }) => input),
    ...axes.map(({ output }) => output),
    ...axes.map(({ dilation }) => dilation),
  ];
}

/** Start, taps and divisor of every output, axis by axis. */
function windowsOf(axes: readonly PoolAxis[], padded: boolean): Int32Array {
  const parts = axes.flatMap((axis) => [axis.start, axis.taps, padded ? axis.padded : axis.taps]);
  const windows = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    windows.set(part, at);
    at += part.length;
  }
  return windows;
}
