import { composeWindows, productMacs } from '../fold/compose-stages.js';
import {
  greatestCommonDivisor as gcd,
  growthOf,
  hasPads,
  pointWindow,
  tapCount,
  type PaddedWindow,
} from '../fold/linear-stage.js';
import { unionWindow } from '../fold/sum-stages.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { firstRefusal } from '../rewrite/conditions.js';
import type { Condition, Facts, Match, Refusal } from '../rewrite/rule.js';
import { COMMON_GUARDS, layerShapes } from './guards.js';
import { readLayer } from './layer.js';
import { attributeRefusal } from './operators.js';
import { perMatch } from './per-match.js';
import { alone } from './sibling-index.js';
import { stageShapes, stageShift, unevenPool, type Frame, type StageShape } from './stages.js';

/**
 * Consecutive linear operators, in the order of the data. Without any, the branch is the input
 * itself.
 */
export interface Branch {
  readonly stages: readonly Node[];
  /** The output of the branch. */
  readonly leaf: Value;
}

/** Branches on one input that are to become one convolution. */
export interface BranchMatch extends Match {
  readonly source: Value;
  readonly branches: readonly Branch[];
  /** Channels and rank of the source; undefined where no convolution implies them. */
  readonly frame: Frame | undefined;
}

/** The sizes of a branch: of each stage, and of the convolution that it equals as a whole. */
export interface BranchShape {
  readonly stages: readonly StageShape[];
  readonly outputChannels: number;
  readonly window: PaddedWindow;
}

/**
 * Channels and spatial rank of the input of branches, from the first convolution in any of them.
 */
export function frameOf(branches: readonly Branch[]): Frame | undefined {
  for (const { stages } of branches) {
    const conv = stages.find((node) => node.is('Conv'));
    // An attribute that refers to one of a function has no known value, and no guard has run yet.
    const layer = conv && attributeRefusal(conv) === undefined ? readLayer(conv) : undefined;
    if (layer === undefined || 'reason' in layer) continue;
    const { inputChannels, window } = layer.geometry;
    return { channels: inputChannels, rank: window.kernel.length };
  }
  return undefined;
}

/** The sizes of a branch. */
export function branchShape({ stages }: Branch, frame: Frame): BranchShape | Refusal {
  const shapes = stageShapes(stages, frame);
  if ('reason' in shapes) return shapes;
  let window = shapes[0]?.window ?? pointWindow(frame.rank);
  for (const next of shapes.slice(1)) {
    const both = composeWindows(window, next.window);
    if (both === undefined) {
      const detail = `${next.node.label} and what stands before it both have kernels or pads`;
      return { reason: 'attribute', detail };
    }
    window = both;
  }
  return {
    stages: shapes,
    outputChannels: shapes.at(-1)?.outputChannels ?? frame.channels,
    window,
  };
}

/** The sizes of all branches of a match that passed its guards. */
export const branchShapes = perMatch(({ branches, frame }: BranchMatch): BranchShape[] =>
  branches.map((branch) => branchShape(branch, frame!) as BranchShape),
);

/** A check of each branch, for matches in which a convolution implies the shape of the input. */
function eachBranch(
  check: (branch: Branch, frame: Frame, facts: Facts) => Refusal | undefined,
): Condition<BranchMatch>['check'] {
  return ({ branches, frame, into }, facts) => {
    if (frame === undefined) {
      return {
        reason: 'shape',
        detail: `no convolution tells how many channels the branches of ${into.label} read`,
      };
    }
    return firstRefusal(branches, (branch) => check(branch, frame, facts));
  };
}

function refusalIn(result: object): Refusal | undefined {
  return 'reason' in result ? (result as Refusal) : undefined;
}

const stagesFit: Condition<BranchMatch> = {
  name: 'stages-fit',
  doc: 'Channels, axes and parameters of each branch fit its input; its pads do not depend on the input size.',
  check: eachBranch(({ stages }, frame, facts) => {
    for (const layer of stages) {
      if (!layer.is('Conv')) continue;
      const refusal = layerShapes.check(alone(layer), facts);
      if (refusal !== undefined) return refusal;
    }
    return refusalIn(stageShapes(stages, frame));
  }),
};

const singleTaps: Condition<BranchMatch> = {
  name: 'single-taps',
  doc: 'Of two consecutive operators at least one is a single tap without pads.',
  check: eachBranch((branch, frame) => refusalIn(branchShape(branch, frame))),
};

const evenPools: Condition<BranchMatch> = {
  name: 'even-pools',
  doc: 'An average divides by its whole kernel everywhere: it counts its pads or has none, ceil_mode 0.',
  check: ({ branches }) =>
    firstRefusal(
      branches.flatMap(({ stages }) => stages),
      unevenPool,
    ),
};

/**
 * Diverse Branch Blocks pad the output of their 1x1 with its bias, which would be exact. But they
 * write that border slice by slice, so a file has ScatterND nodes there and no pads.
 */
const exactBorders: Condition<BranchMatch> = {
  name: 'exact-borders',
  doc: 'No operator adds a bias in front of one with pads, which are 0 and lack that bias.',
  check: eachBranch(({ stages }, frame) => {
    const shapes = stageShapes(stages, frame);
    if ('reason' in shapes) return shapes;
    const last = shapes.findLastIndex(({ window }) => hasPads(window.padding));
    const adds = shapes
      .slice(0, Math.max(0, last))
      .find(({ node }) => stageShift(node).some((shift) => shift !== 0));
    if (adds === undefined) return undefined;
    const detail = `${adds.node.label} adds a bias, and ${shapes[last]!.node.label} pads behind it`;
    return { reason: 'padding', detail };
  }),
};

/** The guards of merges of consecutive convolutions. */
export const SEQUENCE_GUARDS: readonly Condition<BranchMatch>[] = [
  ...COMMON_GUARDS,
  stagesFit,
  singleTaps,
  exactBorders,
];

/** The guards of merges of branches of any kind. */
export const BRANCH_GUARDS: readonly Condition<BranchMatch>[] = [...SEQUENCE_GUARDS, evenPools];

/** A text that is equal for branches whose outputs have equal shapes for every input. */
export function outputKey({ outputChannels, window }: BranchShape): string {
  return JSON.stringify([outputChannels, window.strides, growthOf(window)]);
}

/** The groups of the sum: the greatest common divisor of the groups of all stages. */
export const mergedGroups = perMatch((match: BranchMatch): number => {
  const stages = branchShapes(match).flatMap((shape) => shape.stages);
  return stages.reduce((common, { groups }) => gcd(common, groups), match.frame!.channels);
});

/** The window of the sum; undefined where the outputs of the branches differ in size. */
export const mergedWindow = perMatch((match: BranchMatch): PaddedWindow | undefined =>
  unionWindow(branchShapes(match).map(({ window }) => window)),
);

/** Multiply-adds that the product of two weights may take: some seconds. */
const MAX_PRODUCT = 2 ** 31;

/** Refuses branches of several stages whose products of weights would take too long to compute. */
export function longProduct(shapes: readonly BranchShape[]): Refusal | undefined {
  return firstRefusal(shapes, ({ stages }) => {
    let [first] = stages;
    for (const second of stages.slice(1)) {
      const macs = productMacs(first!, second);
      if (macs > MAX_PRODUCT) {
        const detail = `the product of the weights of ${first!.node.label} and ${second.node.label} takes ${macs} multiply-adds`;
        return { reason: 'cost', detail };
      }
      const window = tapCount(first!.window) > 1 ? first!.window : second.window;
      first = { ...second, inputChannels: first!.inputChannels, groups: 1, window };
    }
    return undefined;
  });
}
