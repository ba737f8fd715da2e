import type { Precision } from '#convfuse/backend/backend.js';
import { parseText } from '#convfuse/ir/text.js';
import { Inference } from '#convfuse/ops/infer.js';
import { PLACEHOLDERS } from '#convfuse/runtime/constants.js';
import { planGraph } from '#convfuse/runtime/plan.js';

/** The halos of the values that lie in blocks of 4: [top, left, bottom, right] by name. */
export function halos(text: string, precision: Precision = 'default'): Record<string, string> {
  const { graph } = parseText(text);
  const inference = new Inference({});
  const plan = planGraph(graph, inference, PLACEHOLDERS, new Set(), { lanes: 4, precision });
  const names = new Map([...plan.slots].map(([value, slot]) => [slot, value.name]));
  return Object.fromEntries(
    plan.steps.flatMap(({ layouts, outputs }) =>
      layouts.flatMap((layout, i) => {
        if (layout === undefined) return [];
        const { top, left, bottom, right } = layout;
        return [[names.get(outputs[i]!)!, [top, left, bottom, right].join()]];
      }),
    ),
  );
}
