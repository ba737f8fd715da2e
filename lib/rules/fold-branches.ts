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

/** The convolution that branches come to. */
export interface FoldedBranches {
  readonly groups: number;
  readonly window: PaddedWindow;
  readonly weight: Tensor;
  /** undefined: no branch adds anything. */
  readonly bias: Tensor | undefined;
  readonly check: (seed: number) => SiteCheck;
}

/** The type of the weights of a match; its guards saw to it that there is one. */
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

/** Tells a match what it adds to the file, when asked: that is after the guards. */
export function withAdds<M extends BranchMatch>(match: M): M {
  return Object.defineProperty(match, 'adds', { get: () => addedBytes(match) });
}

/** The new constants, less the old ones that nothing else reads. */
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

/** Makes a convolution of the branches out of one that is there. Its output is left as it is. */
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
  // Never more than it had.
  if (groups === 1) edit.removeAttribute(conv, 'group');
  else edit.setAttribute(conv, { name: 'group', kind: 'int', value: groups });
  edit.setInputs(conv, inputs);
}

/** Changes attributes only where they would say something else. */
function setWindow(edit: Editor, conv: Node, kernel: readonly number[], to: PaddedWindow): void {
  const now = windowOf(conv, kernel) as Window; // the guards read it before
  const changed = LISTS.filter(([name]) => !sameDims(now[name], to[name]));
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
  // Automatic padding would be worked out anew for another kernel.
  if (same && (changed.length === 0 || typeof now.padding !== 'string')) return;
  edit.removeAttribute(conv, 'auto_pad');
  const pads = [...begin, ...end];
  if (pads.every((pad) => pad === 0)) edit.removeAttribute(conv, 'pads');
  else edit.setAttribute(conv, { name: 'pads', kind: 'ints', value: pads });
}

/** The attributes that make up a window, and what each is where it is absent: the kernel, its weight's. */
const LISTS = [
  ['kernel', 'kernel_shape', undefined],
  ['strides', 'strides', 1],
  ['dilations', 'dilations', 1],
] as const;
