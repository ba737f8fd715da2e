import { ConvfuseError } from '../errors.js';
import type { Model } from '../ir/model.js';
import { Inference } from '../ops/infer.js';
import { PLACEHOLDERS } from './constants.js';
import { planGraph, type Plan } from './plan.js';
import { bytesOf } from './summary.js';

/**
 * The most bytes that values (not weights) occupy at one time while the model runs step by step,
 * each freed after its last use. Scratch memory of single operators (for packing, say) and values
 * inside If and Loop bodies do not count. Unknown first dimensions count as 1.
 *
 * @returns undefined where shapes or operators are not known
 */
export function peakValueBytes(
  model: Model,
  inputDims: ReadonlyMap<string, readonly number[]> = new Map(),
): number | undefined {
  const inference = new Inference({ inputDims, unknownBatch: 1, overridden: new Set() });
  try {
    const plan = planGraph(model.graph, inference, PLACEHOLDERS, new Set());
    const bytes = new Map(
      [...plan.slots].map(([value, slot]) => [slot, bytesOf(value, inference) ?? NaN]),
    );
    const peak = peakOf(plan, bytes);
    return Number.isNaN(peak) ? undefined : peak;
  } catch (error) {
    if (error instanceof ConvfuseError) return undefined;
    throw error;
  }
}

/** NaN stands for an unknown size: sums and Math.max propagate it. */
function peakOf(plan: Plan, bytesOfSlot: ReadonlyMap<number, number>): number {
  const live = new Map<number, number>();
  const hold = (slot: number): void => {
    if (slot >= 0 && plan.constants[slot] === undefined) live.set(slot, bytesOfSlot.get(slot) ?? 0);
  };
  const sum = (): number => [...live.values()].reduce((total, bytes) => total + bytes, 0);
  plan.inputs.forEach(hold);
  let peak = sum();
  for (const { operator, outputs, release } of plan.steps) {
    // A view lies in the memory of its input.
    for (const slot of outputs) if (operator.view !== true) hold(slot);
    const now = sum();
    peak = Math.max(peak, now);
    for (const slot of release) live.delete(slot);
  }
  return peak;
}
