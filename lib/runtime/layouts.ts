// Decides which values of a plan lie in blocks (lib/backend/layout.ts): those that convolutions,
// pools and element-wise steps hand on to each other, so that nothing is packed, padded or
// transposed in between. A value is dense if its producer or any of its readers cannot work on
// blocks: no step is ever added to rearrange a value.

import { NO_HALO, type BlockedLayout, type Halo } from '../backend/layout.js';
import type { Value } from '../ir/value.js';
import { knownDims } from '../ops/facts.js';
import type { Inference } from '../ops/infer.js';
import { dependenciesOf } from './captures.js';
import { memberOf, type Blocks, type LayoutStep, type Member } from './layout-members.js';

/** The layout of every value that is to lie in blocks. */
export function planLayouts(
  steps: readonly LayoutStep[],
  inference: Inference,
  blocks: Blocks,
): Map<Value, BlockedLayout> {
  const members = new Map<LayoutStep, Member>();
  for (const step of steps) {
    const member = memberOf(step, inference, blocks);
    if (member !== undefined) members.set(step, member);
  }
  const candidates = new Set<Value>();
  for (const { outputs, hasPlanes } of members.values()) {
    for (const output of outputs) {
      if (hasPlanes && isFree(output, inference)) candidates.add(output);
    }
  }
  for (const step of steps) {
    const member = members.get(step);
    const known = (value: Value): boolean =>
      value === member?.residual || member?.inputs.includes(value) === true;
    const reads = [...dependenciesOf(step.node), step.merged?.residual];
    for (const value of reads) {
      if (value !== undefined && !known(value)) candidates.delete(value);
    }
  }
  while (dropOne(members.values(), candidates));
  const halos = halosOf([...members.values()], candidates);
  return new Map(
    [...candidates].map((value) => [
      value,
      { lanes: blocks.lanes, ...(halos.get(value) ?? NO_HALO) },
    ]),
  );
}

/**
 * The halo of each candidate: as wide as any of its readers needs. Values that may share memory get
 * equal halos: an operand and the result that may overwrite it, a value and its parts.
 */
function halosOf(members: readonly Member[], candidates: ReadonlySet<Value>): Map<Value, Halo> {
  const halos = new Map<Value, Halo>();
  let widened: boolean;
  const widen = (value: Value | undefined, halo: Halo): void => {
    if (value === undefined || !candidates.has(value)) return;
    const other = halos.get(value) ?? NO_HALO;
    const wider = widest(halo, other);
    if (sameHalo(wider, other)) return;
    halos.set(value, wider);
    widened = true;
  };
  // From last to first, so that the readers of a result come before its producer; only parts of one
  // memory need another round.
  const backwards = [...members].reverse();
  do {
    widened = false;
    for (const { inputs, outputs, residual, halo, overwrites, views } of backwards) {
      const results = outputs.map((output) => halos.get(output) ?? NO_HALO);
      for (const input of inputs) widen(input, halo);
      if (overwrites) for (const value of [...inputs, residual]) widen(value, results[0]!);
      if (!views) continue;
      const all = [halos.get(inputs[0]!) ?? NO_HALO, ...results].reduce(widest);
      for (const value of [...inputs, ...outputs]) widen(value, all);
    }
  } while (widened);
  return halos;
}

function widest(a: Halo, b: Halo): Halo {
  return {
    top: Math.max(a.top, b.top),
    left: Math.max(a.left, b.left),
    bottom: Math.max(a.bottom, b.bottom),
    right: Math.max(a.right, b.right),
  };
}

function sameHalo(a: Halo, b: Halo): boolean {
  return a.top === b.top && a.left === b.left && a.bottom === b.bottom && a.right === b.right;
}

/** Drops candidates that some step cannot have in blocks, and says whether there were any. */
function dropOne(members: Iterable<Member>, candidates: Set<Value>): boolean {
  let dropped = false;
  const drop = (values: readonly (Value | undefined)[]): void => {
    for (const value of values) {
      if (value !== undefined && candidates.delete(value)) dropped = true;
    }
  };
  const inBlocks = (value: Value): boolean => candidates.has(value);
  for (const { inputs, outputs, residual, opens, closes } of members) {
    if (!opens && !inputs.every(inBlocks)) drop(outputs);
    if (!closes && !outputs.every(inBlocks)) drop(inputs);
    if (residual === undefined) continue;
    if (!outputs.every(inBlocks)) drop([residual]);
    if (!candidates.has(residual)) drop(outputs);
  }
  return dropped;
}

/** Types that a run holds as float32; 16-bit floats are rounded when they leave it. */
const HELD_AS_FLOAT32: readonly unknown[] = ['float32', 'float16', 'bfloat16'];

/**
 * Whether the layout of a value is free to choose: no graph input or output, N x C x H x W, not
 * empty, held as float32.
 */
function isFree(value: Value, inference: Inference): boolean {
  const facts = inference.facts(value);
  const dims = knownDims(facts);
  if (value.isOutput || value.isInput || !HELD_AS_FLOAT32.includes(facts.type)) return false;
  return dims?.length === 4 && !dims.includes(0);
}
