import type { Precision } from '#convfuse/backend/backend.js';

import { blockedPlan } from './blocked-plan.js';

/** The halos of the values that lie in blocks of 4: [top, left, bottom, right] by name. */
export function halos(text: string, precision: Precision = 'default'): Record<string, string> {
  const { plan, nameOf } = blockedPlan(text, precision);
  return Object.fromEntries(
    plan.steps.flatMap(({ layouts, outputs }) =>
      layouts.flatMap((layout, i) => {
        if (layout === undefined) return [];
        const { top, left, bottom, right } = layout;
        return [[nameOf(outputs[i]!), [top, left, bottom, right].join()]];
      }),
    ),
  );
}
