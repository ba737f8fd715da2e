import type { Node } from '../ir/node.js';
import type { Condition } from '../rewrite/rule.js';
import { BEFORE_GUARDS, beforeLayer, type BeforeMatch } from './before-layer.js';
import { behindLayer } from './behind-layer.js';
import { operandsOf, perChannel, type ConstantMatch } from './channel-constant.js';
import { withFoldAdds } from './fold-adds.js';
import { frontOf } from './flattened.js';
import { LAYER_GUARDS } from './guards.js';
import { isLayer } from './layer.js';
import { parameterOf } from './parameter.js';

/** Matches an operator on a layer's output and constants. */
export function matchConstantBehind(node: Node): ConstantMatch | undefined {
  const operands = operandsOf(node);
  const layer = operands?.other.producer;
  if (operands === undefined || !isLayer(layer)) return undefined;
  const match = behindLayer(node, layer, operands.constants);
  return match && withFoldAdds<ConstantMatch>({ ...match, ...operands, side: 'output' });
}

/** Matches an operator on constants and data, whose result a layer reads. */
export function matchConstantBefore(node: Node): (ConstantMatch & BeforeMatch) | undefined {
  const operands = operandsOf(node);
  if (operands === undefined) return undefined;
  const match = beforeLayer(node, operands.other, operands.constants);
  if (match === undefined) return undefined;
  return withFoldAdds<ConstantMatch & BeforeMatch>({ ...match, ...operands, side: 'input' });
}

export const BEHIND_CONSTANT_GUARDS: readonly Condition<ConstantMatch>[] = [
  ...LAYER_GUARDS,
  perChannel,
];

/**
 * In front of a layer, broadcasting the constant may be what gives the data its channels or an
 * axis.
 */
const dataOfFullShape: Condition<ConstantMatch & BeforeMatch> = {
  name: 'data-of-full-shape',
  doc: 'The data is known to have all axes and channels before the constant is broadcast to it.',
  check(match, facts) {
    const { constants, data } = match;
    const front = frontOf(match, facts);
    if ('reason' in front) return front;
    const { rank, channels } = front;
    const known = facts.dims(data);
    const full = known?.length === rank && known[1] === channels;
    const scalars = constants.every((constant) => {
      const dims = parameterOf(constant)?.dims ?? [];
      return dims.length < rank && dims.every((dim) => dim === 1);
    });
    if (full || scalars) return undefined;
    const shape = known?.map((dim) => dim ?? '?').join(', ') ?? 'unknown';
    const detail = `${data.name} is [${shape}], not known to have ${channels} channels`;
    return { reason: 'shape', detail };
  },
};

export const BEFORE_CONSTANT_GUARDS: readonly Condition<ConstantMatch & BeforeMatch>[] = [
  ...BEFORE_GUARDS,
  perChannel,
  dataOfFullShape,
];
