import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import type { Condition, Match, Refusal, Rewritten } from '../rewrite/rule.js';
import { widen, type StoredArray } from '../fold/stored.js';
import { isFloatType } from '../tensor/dtype.js';
import { normalizeAxis } from '../tensor/shape.js';
import { absorbBefore, noteFused } from './absorb.js';
import { STRUCTURE_GUARDS } from './guards.js';
import { parameterOf, parametersOf } from './parameter.js';
import { constantParameters, notOverridable } from './parameter-guards.js';

/** A Pad in front of an operator with a sliding window. */
export interface PadMatch extends Match {
  readonly pad: Node;
  /** Conv, AveragePool or MaxPool. */
  readonly user: Node;
}

/** Matches a Pad whose output an operator of type `opType` reads as its data. */
export function matchPadBefore(pad: Node, opType: string): PadMatch | undefined {
  const output = pad.optionalOutput(0);
  const user = [...(output?.uses.keys() ?? [])].find(
    (reader) => reader.is(opType) && reader.optionalInput(0) === output,
  );
  if (output === undefined || user === undefined || pad.optionalInput(0) === undefined) {
    return undefined;
  }
  const parameters = parametersOf(pad);
  return { nodes: [pad, user], into: user, vanishing: [output], parameters, pad, user };
}

/** Begin and end pads of the spatial axes, outermost first. */
export interface SpatialPads {
  readonly begin: readonly number[];
  readonly end: readonly number[];
}

/**
 * The pads that a Pad adds to spatial axes. Refuses pads of other axes, negative ones, and a wrong
 * number of pads.
 *
 * @param rank of the data
 */
export function spatialPads(pad: Node, rank: number): SpatialPads | Refusal {
  const pads = integers(pad, 1, 'pads');
  const axes = pad.opset >= 18 && pad.optionalInput(3) !== undefined ? integers(pad, 3) : undefined;
  const all = axes ?? Array.from({ length: rank }, (_, axis) => axis);
  const begin = new Array<number>(rank).fill(0);
  const end = new Array<number>(rank).fill(0);
  if (pads === undefined || pads.length !== 2 * all.length) {
    return { reason: 'shape', detail: `pads of ${pad.label} do not fit rank ${rank}` };
  }
  for (const [index, given] of all.entries()) {
    const axis = normalizeAxis(given, rank);
    if (axis === undefined) return { reason: 'shape', detail: `${pad.label} has axis ${given}` };
    begin[axis]! += pads[index]!;
    end[axis]! += pads[index + all.length]!;
  }
  if ([...begin, ...end].some((size) => size < 0)) {
    return { reason: 'padding', detail: `${pad.label} crops: it has negative pads` };
  }
  if ([begin[0], begin[1], end[0], end[1]].some((size) => size !== 0)) {
    return { reason: 'padding', detail: `${pad.label} pads the batch or the channels` };
  }
  return { begin: begin.slice(2), end: end.slice(2) };
}

/** Integers from an input, or before opset 11 from an attribute. */
function integers(pad: Node, input: number, attribute?: string): readonly number[] | undefined {
  if (attribute !== undefined && pad.opset < 11) return pad.attribute(attribute, 'ints');
  const tensor = parameterOf(pad.optionalInput(input))?.read();
  if (tensor?.type !== 'int64' && tensor?.type !== 'int32') return undefined;
  return Array.from(tensor.data as BigInt64Array | Int32Array, Number);
}

/** The value that a Pad pads with; undefined where that is not a floating-point constant. */
export function padValue(pad: Node): number | undefined {
  if (pad.opset < 11) return pad.attribute('value', 'float') ?? 0;
  const value = pad.optionalInput(2);
  if (value === undefined) return 0;
  const tensor = parameterOf(value)?.read();
  if (tensor === undefined || !isFloatType(tensor.type)) return undefined;
  return widen(tensor.type, tensor.data as StoredArray)[0];
}

export const constantMode: Condition<PadMatch> = {
  name: 'constant-mode',
  doc: 'The Pad repeats one number: mode is constant.',
  check({ pad }) {
    const mode = pad.attribute('mode', 'string') ?? 'constant';
    if (mode === 'constant') return undefined;
    return { reason: 'attribute', detail: `mode of ${pad.label} is ${mode}` };
  },
};

export const zeroValue: Condition<PadMatch> = {
  name: 'zero-value',
  doc: 'The Pad pads with 0, like the pads of the operator itself.',
  check({ pad }) {
    const value = padValue(pad);
    if (value === 0) return undefined;
    return {
      reason: 'padding',
      detail: `${pad.label} pads with ${value ?? 'a value that is not a constant float'}`,
    };
  },
};

export const explicitPadding: Condition<PadMatch> = {
  name: 'explicit-padding',
  doc: 'The operator pads by numbers: auto_pad is NOTSET or VALID, not SAME.',
  check({ user }) {
    const mode = user.attribute('auto_pad', 'string') ?? 'NOTSET';
    if (['', 'NOTSET', 'VALID'].includes(mode)) return undefined;
    return { reason: 'padding', detail: `auto_pad of ${user.label} is ${mode}` };
  },
};

export const PAD_GUARDS: readonly Condition<PadMatch>[] = [
  ...STRUCTURE_GUARDS,
  notOverridable,
  constantParameters,
  constantMode,
  explicitPadding,
];

/** The operator's own pads, for auto_pad NOTSET or VALID. undefined where their number is wrong. */
export function ownPads(user: Node, spatialRank: number): SpatialPads | undefined {
  const valid = user.attribute('auto_pad', 'string') === 'VALID';
  const pads = (valid ? undefined : user.attribute('pads', 'ints')) ?? [];
  if (pads.length === 0) {
    const zeros = new Array<number>(spatialRank).fill(0);
    return { begin: zeros, end: zeros };
  }
  if (pads.length !== 2 * spatialRank) return undefined;
  return { begin: pads.slice(0, spatialRank), end: pads.slice(spatialRank) };
}

/** Adds the pads to the operator's own, and removes the Pad. */
export function absorbPad(edit: Editor, { pad, user }: PadMatch, added: SpatialPads): Rewritten {
  const own = ownPads(user, added.begin.length)!;
  const sum = (a: readonly number[], b: readonly number[]) =>
    a.map((size, axis) => size + b[axis]!);
  const { label } = pad;
  const pads = [...sum(own.begin, added.begin), ...sum(own.end, added.end)];
  edit.removeAttribute(user, 'auto_pad');
  edit.setAttribute(user, { name: 'pads', kind: 'ints', value: pads });
  absorbBefore(edit, user, pad, pad.input(0));
  noteFused(edit, user, label);
  return { into: user };
}
