import type { Condition, Refusal } from '../rewrite/rule.js';
import { dilatedExtent } from '../tensor/window.js';
import { ownPads, spatialPads, type PadMatch, type SpatialPads } from './pad.js';

/**
 * With ceil_mode the last window may start inside padding by a Pad, but not inside the pool's own
 * pads.
 */
export const unroundedPool: Condition<PadMatch> = {
  name: 'unrounded-pool',
  doc: 'ceil_mode is 0.',
  check({ user }) {
    if ((user.attribute('ceil_mode', 'int') ?? 0) === 0) return undefined;
    return { reason: 'attribute', detail: `${user.label} has ceil_mode set` };
  },
};

/**
 * The pads that a Pad adds to a pool. Refuses pads as wide as the kernel: a window of nothing but
 * pads has no maximum, and engines reject such pools.
 */
export function poolPads({ pad, user }: PadMatch): SpatialPads | Refusal {
  const kernel = user.attribute('kernel_shape', 'ints') ?? [];
  const own = ownPads(user, kernel.length);
  if (kernel.length === 0 || own === undefined) {
    return { reason: 'shape', detail: `pads of ${user.label} do not fit its kernel` };
  }
  const added = spatialPads(pad, kernel.length + 2);
  if ('reason' in added) return added;
  const dilations = user.attribute('dilations', 'ints') ?? [];
  const wide = kernel.some((size, axis) => {
    const extent = dilatedExtent(size, dilations[axis] ?? 1);
    const begin = own.begin[axis]! + added.begin[axis]!;
    return begin >= extent || own.end[axis]! + added.end[axis]! >= extent;
  });
  if (!wide) return added;
  return { reason: 'padding', detail: `${pad.label} pads as much as the kernel of ${user.label}` };
}
