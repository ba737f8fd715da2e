// Lets the inputs of a Concat be written straight into its output, so that nothing is copied. For
// one image in blocks, joining channels means placing one tensor's memory behind the other's.

import { blockedCount, sameLayout, type BlockedLayout } from '../backend/layout.js';
import type { Step } from './plan.js';

/** A value that contains other values. */
export interface Whole {
  readonly slot: number;
  readonly dims: readonly number[];
  readonly layout: BlockedLayout;
}

/** Elements [from, to) of a whole, where one of its parts lies. */
export interface Place {
  readonly whole: Whole;
  readonly from: number;
  readonly to: number;
}

type DimsOf = (slot: number) => readonly number[] | undefined;

/** The places of values by slot. Values without an entry have memory of their own. */
export function placesOf(steps: readonly Step[], dimsOf: DimsOf): ReadonlyMap<number, Place> {
  const layouts = new Map<number, BlockedLayout>();
  const writers = new Map<number, Step>();
  for (const step of steps) {
    step.outputs.forEach((slot, i) => {
      const layout = step.layouts[i];
      if (layout === undefined) return;
      layouts.set(slot, layout);
      writers.set(slot, step);
    });
  }
  const places = new Map<number, Place>();
  // From last to first: a Concat whose output is part of a larger Concat has its place by then.
  for (const step of [...steps].reverse()) {
    const [output] = step.outputs;
    const [layout] = step.layouts;
    if (step.operator.opType !== 'Concat' || output === undefined || layout === undefined) continue;
    const dims = dimsOf(output);
    if (dims?.[0] !== 1) continue;
    const own = places.get(output) ?? { whole: { slot: output, dims, layout }, from: 0 };
    const parts = partsOf(step, layout, dimsOf);
    for (const [slot, at] of unsplit(parts, writers, layout)) {
      const isFree = !places.has(slot) && writers.get(slot)?.operator.opType !== 'Split';
      if (!isFree || !sameLayout(layouts.get(slot), layout)) continue;
      const from = own.from + at;
      places.set(slot, { ...own, from, to: from + blockedCount(dimsOf(slot)!, layout) });
    }
  }
  return places;
}

type Part = readonly [slot: number, at: number];

function partsOf({ inputs }: Step, layout: BlockedLayout, dimsOf: DimsOf): Part[] {
  let at = 0;
  return inputs.map((slot): Part => {
    const from = at;
    at += blockedCount(dimsOf(slot)!, layout);
    return [slot, from];
  });
}

/**
 * Replaces all parts of one Split, where they follow each other in order, by the input of that
 * Split.
 */
function unsplit(
  parts: readonly Part[],
  writers: ReadonlyMap<number, Step>,
  layout: BlockedLayout,
): Part[] {
  return parts.map((part, i): Part => {
    const writer = writers.get(part[0]);
    if (writer?.operator.opType !== 'Split' || writer.outputs[0] !== part[0]) return part;
    const follows = writer.outputs.every((slot, j) => parts[i + j]?.[0] === slot);
    const alike = writer.layouts.every((each) => sameLayout(each, layout));
    return follows && alike ? [writer.inputs[0]!, part[1]] : part;
  });
}
