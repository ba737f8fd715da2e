import { checkStages, type StagedSite } from '../fold/check-stages.js';
import { tapCount, type LinearStage, type PaddedWindow } from '../fold/linear-stage.js';
import { composeStages, composeWindows } from '../fold/compose-stages.js';
import { isFoldRefusal } from '../fold/refusal.js';
import { roundStage } from '../fold/round-stage.js';
import { sumStages } from '../fold/sum-stages.js';
import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { isReadElsewhere } from '../rewrite/growth.js';
import type { Refusal, SiteCheck } from '../rewrite/rule.js';
import { elementBytes, type FloatType } from '../tensor/dtype.js';
import { sameDims } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Window } from '../tensor/window.js';
import { biasOf } from './layer.js';
import { numbersOf } from './likeness.js';
import {
  branchShapes,
  mergedGroups,
  mergedWindow,
  type BranchMatch,
  type BranchShape,
} from './linear-branches.js';
import { biasName, mergedName } from './names.js';
import { parameterOf } from './parameter.js';
import { checkedStage, identityStage, readStage } from './stages.js';
import { windowOf } from './window.js';

/** The convolution that equals the sum of the branches. */
export interface FoldedBranches {
  readonly groups: number;
  readonly window: PaddedWindow;
  readonly weight: Tensor;
  /** undefined: no branch has a bias or a batch norm. */
  readonly bias: Tensor | undefined;
  readonly check: (seed: number) => SiteCheck;
}

/** The one type of all weights of a match that passed its guards. */
export function weightType({ parameters }: BranchMatch): FloatType {
  return parameterOf(parameters[0])!.type as FloatType;
}

/** Computes the sum of the branches as one convolution, in double, rounded once. */
export function foldBranches(match: BranchMatch): FoldedBranches | Refusal {
  const [frame, window] = [match.frame!, mergedWindow(match)!];
  const shapes = branchShapes(match);
  const wholes: LinearStage[] = [];
  for (const { stages } of shapes) {
    let whole: LinearStage | undefined;
    for (const shape of stages) {
      const stage = readStage(shape);
      if (isFoldRefusal(stage)) return stage;
      const both = whole && composeWindows(whole.window, stage.window)!;
      whole = both ? composeStages(whole!, stage, both) : stage;
    }
    wholes.push(whole ?? identityStage(frame));
  }
  const sum = sumStages(wholes, window);
  const type = weightType(match);
  const rounded = roundStage(type, sum);
  if (isFoldRefusal(rounded)) return rounded;
  const { outputChannels, inputChannels, groups } = sum;
  const dims = [outputChannels, inputChannels / groups, ...window.kernel];
  const biased = shapes.some(({ stages }) =>
    stages.some(({ node }) => biasOf(node) !== undefined || node.is('BatchNormalization')),
  );
  const bias = { type, data: rounded.bias, dims: [outputChannels] };
  return {
    groups,
    window,
    weight: { type, data: rounded.weight, dims },
    bias: biased ? bias : undefined,
    check: siteCheck(shapes, {
      inputChannels,
      outputChannels,
      groups,
      window,
      kind: 'layer',
      type,
      weight: () => rounded.weight,
      bias: biased ? () => rounded.bias : undefined,
    }),
  };
}

function siteCheck(
  shapes: readonly BranchShape[],
  after: StagedSite['after'],
): (seed: number) => SiteCheck {
  const branches = shapes.map(({ stages }) => stages.map(checkedStage));
  const { type, inputChannels } = after;
  return (seed) => checkStages({ type, inputChannels, branches, after }, seed);
}

/**
 * Adds the lazy property `adds` to a match: bytes that its rewrite adds to the file. It is read
 * after the guards have passed.
 */
export function withAdds<M extends BranchMatch>(match: M): M {
  return Object.defineProperty(match, 'adds', { get: () => addedBytes(match) });
}

/** Bytes of the new constants, minus those of old ones that nothing else reads. */
function addedBytes(match: BranchMatch): number {
  const { nodes, parameters, frame } = match;
  const { outputChannels } = branchShapes(match)[0]!;
  const row = (frame!.channels / mergedGroups(match)) * tapCount(mergedWindow(match)!) + 1;
  let bytes = outputChannels * row * elementBytes(weightType(match));
  for (const value of new Set(parameters)) {
    if (isReadElsewhere(value, nodes)) continue;
    bytes -= parameterOf(value)!.byteLength;
  }
  return bytes;
}

/** Changes an existing convolution into the merged one. Its output is not changed. */
export function becomeMerged(
  edit: Editor,
  conv: Node,
  source: Value,
  folded: FoldedBranches,
): void {
  const { weight, bias, window, groups } = folded;
  const [w, b] = [conv.input(1).name, conv.optionalInput(2)?.name];
  const inputs = [source, edit.constant(conv.graph, mergedName(w), weight, conv)];
  if (bias !== undefined) {
    inputs.push(edit.constant(conv.graph, mergedName(b ?? biasName(w)), bias, conv));
  }
  setWindow(edit, conv, parameterOf(conv.input(1))!.dims.slice(2), window);
  // The merged convolution never has more groups than this one.
  if (groups === 1) edit.removeAttribute(conv, 'group');
  else edit.setAttribute(conv, { name: 'group', kind: 'int', value: groups });
  edit.setInputs(conv, inputs);
}

/** Changes only those attributes whose meaning differs. */
function setWindow(edit: Editor, conv: Node, kernel: readonly number[], to: PaddedWindow): void {
  const now = windowOf(conv, kernel) as Window; // the guards read it before
  const changed = WINDOW_ATTRIBUTES.filter(([name]) => !sameDims(now[name], to[name]));
  for (const [name, attribute, otherwise] of changed) {
    const wanted = to[name];
    if (wanted.every((size) => size === otherwise)) edit.removeAttribute(conv, attribute);
    else if (name !== 'kernel' || conv.attributes.has(attribute)) {
      edit.setAttribute(conv, { name: attribute, kind: 'ints', value: [...wanted] });
    }
  }
  const { begin, end } = to.padding;
  const is = numbersOf(now);
  const same = typeof is !== 'string' && sameDims([...is.begin, ...is.end], [...begin, ...end]);
  // Automatic padding would be recomputed for the new kernel, so it becomes explicit.
  if (same && (changed.length === 0 || typeof now.padding !== 'string')) return;
  edit.removeAttribute(conv, 'auto_pad');
  const pads = [...begin, ...end];
  if (pads.every((pad) => pad === 0)) edit.removeAttribute(conv, 'pads');
  else edit.setAttribute(conv, { name: 'pads', kind: 'ints', value: pads });
}

/** The attributes of a window, with their defaults. That of the kernel is the weight's. */
const WINDOW_ATTRIBUTES = [
  ['kernel', 'kernel_shape', undefined],
  ['strides', 'strides', 1],
  ['dilations', 'dilations', 1],
] as const;
