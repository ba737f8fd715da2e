import type { Node } from '../ir/node.js';
import { paddingFrom } from '../ops/window.js';
import type { Refusal } from '../rewrite/rule.js';
import { sameDims } from '../tensor/shape.js';
import type { Window } from '../tensor/window.js';

/** The sliding window of a convolution whose kernel has these sizes, from its attributes. */
export function windowOf(node: Node, kernel: readonly number[]): Window | Refusal {
  const rank = kernel.length;
  const declared = node.attribute('kernel_shape', 'ints') ?? kernel;
  const strides = node.attribute('strides', 'ints') ?? new Array<number>(rank).fill(1);
  const dilations = node.attribute('dilations', 'ints') ?? new Array<number>(rank).fill(1);
  const pads = node.attribute('pads', 'ints') ?? new Array<number>(2 * rank).fill(0);
  const fits =
    sameDims(declared, kernel) &&
    strides.length === rank &&
    dilations.length === rank &&
    pads.length === 2 * rank &&
    [...strides, ...dilations].every((step) => step >= 1);
  if (!fits) {
    const detail = `strides, dilations, pads or kernel_shape of ${node.label} do not fit its weight`;
    return { reason: 'shape', detail };
  }
  const padding = paddingFrom(node.attribute('auto_pad', 'string') ?? 'NOTSET', pads);
  if (padding === undefined) {
    return { reason: 'attribute', detail: `auto_pad of ${node.label} is not a known one` };
  }
  return { kernel, strides, dilations, padding };
}

/** Whether every output position sees every tap: no padding on any side. */
export function isUnpadded({ padding }: Window): boolean {
  if (padding === 'valid') return true;
  if (typeof padding === 'string') return false;
  return [...padding.begin, ...padding.end].every((pad) => pad === 0);
}
