import type { Precision } from '#convfuse/backend/backend.js';
import { parseText } from '#convfuse/ir/text.js';
import { Inference } from '#convfuse/ops/infer.js';
import { PLACEHOLDERS } from '#convfuse/runtime/constants.js';
import { planGraph, type Plan } from '#convfuse/runtime/plan.js';

/** The plan of a text whose values may lie in blocks of 4, and the names of its slots. */
export function blockedPlan(
  text: string,
  precision: Precision,
): { readonly plan: Plan; readonly nameOf: (slot: number) => string } {
  const { graph } = parseText(text);
  const blocks = { lanes: 4, precision };
  const plan = planGraph(graph, new Inference({}), PLACEHOLDERS, new Set(), blocks);
  const names = new Map([...plan.slots].map(([value, slot]) => [slot, value.name]));
  return { plan, nameOf: (slot) => names.get(slot)! };
}
