// What the plan of a small model runs, in words.

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { parseText, type TextOptions } from '#convfuse/ir/text.js';
import { Session } from '#convfuse/runtime/session.js';
import { tensorOf } from './run-text.js';

/**
 * Steps as the operators they run, with what was merged into each. The text finds an input `x` of
 * 1x2x4x4 and weights `w` of a 1x1 convolution.
 */
export function planSteps(text: string, options: TextOptions = {}): string[] {
  const head = 'x: input float[1, 2, 4, 4]\nw: float[2, 2, 1, 1]\n';
  const model = parseText(head + text, options);
  const session = Session.create(model, { backend: new ReferenceBackend('tests') });
  const plan = session.plan({ x: tensorOf([1, 2, 4, 4]) });
  return plan.steps.map(({ node, absorbed, activation }) => {
    const names = [node, ...absorbed].map(({ opType }) => opType).join(' + ');
    return activation === undefined ? names : `${names} = ${activation.kind}`;
  });
}
