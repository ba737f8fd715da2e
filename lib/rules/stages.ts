import { batchNormAffine } from '../fold/batch-norm.js';
import {
  pointWindow,
  tapCount,
  type LinearStage,
  type PaddedWindow,
} from '../fold/linear-stage.js';
import { isFoldRefusal, type FoldRefusal } from '../fold/refusal.js';
import type { CheckedStage } from '../fold/stage-chain.js';
import { widen, type StoredArray } from '../fold/stored.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import type { Refusal } from '../rewrite/rule.js';
import type { FloatType } from '../tensor/dtype.js';
import type { Window } from '../tensor/window.js';
import { batchNormParameters, readStatistics, statisticsRefusal } from './batch-norm.js';
import { biasOf, readLayer } from './layer.js';
import { numbersOf } from './likeness.js';
import { parameterOf } from './parameter.js';
import { isUnpadded, windowOf } from './window.js';

// Operators that are convolutions or can be written as one: Conv, AveragePool, BatchNormalization.

/** The sizes of a stage: a LinearStage without its weights and bias. */
export type StageShape = Omit<LinearStage, 'weight' | 'bias'> & { readonly node: Node };

/** The input of a stage: its channels and its number of spatial axes. */
export interface Frame {
  readonly channels: number;
  readonly rank: number;
}

export function isStage(node: Node | undefined): node is Node {
  if (node?.optionalInput(0) === undefined || node.optionalOutput(0) === undefined) return false;
  if (node.is('Conv')) return node.optionalInput(1) !== undefined;
  return (
    node.is('AveragePool') ||
    (node.is('BatchNormalization') && batchNormParameters(node) !== undefined)
  );
}

/** The sizes of consecutive stages; `frame` is the input of the first. */
export function stageShapes(stages: readonly Node[], frame: Frame): StageShape[] | Refusal {
  const shapes: StageShape[] = [];
  let { channels } = frame;
  for (const node of stages) {
    const shape = stageShape(node, { ...frame, channels });
    if ('reason' in shape) return shape;
    shapes.push(shape);
    channels = shape.outputChannels;
  }
  return shapes;
}

function stageShape(node: Node, { channels, rank }: Frame): StageShape | Refusal {
  const perChannel = { node, inputChannels: channels, outputChannels: channels, groups: channels };
  if (node.is('BatchNormalization')) {
    return statisticsRefusal(node, channels) ?? { ...perChannel, window: pointWindow(rank) };
  }
  if (node.is('AveragePool')) {
    const window = padded(node, poolWindow(node, rank));
    return 'reason' in window ? window : { ...perChannel, window };
  }
  const layer = readLayer(node);
  if ('reason' in layer) return layer;
  const { geometry } = layer;
  const window = padded(node, geometry.window);
  if ('reason' in window) return window;
  if (geometry.inputChannels !== channels || geometry.window.kernel.length !== rank) {
    const detail = `${node.label} reads ${geometry.inputChannels} channels over ${geometry.window.kernel.length} axes, not ${channels} over ${rank}`;
    return { reason: 'shape', detail };
  }
  const { outputChannels, groups } = geometry;
  return { node, inputChannels: channels, outputChannels, groups, window };
}

function poolWindow(node: Node, rank: number): Window | Refusal {
  const kernel = node.attribute('kernel_shape', 'ints') ?? [];
  if (kernel.length === rank && kernel.every((size) => size >= 1)) return windowOf(node, kernel);
  return { reason: 'shape', detail: `kernel_shape of ${node.label} is [${kernel.join(', ')}]` };
}

/** The window with explicit pads. */
function padded(node: Node, window: Window | Refusal): PaddedWindow | Refusal {
  if ('reason' in window) return window;
  const padding = numbersOf(window);
  if (typeof padding === 'string') {
    const detail = `the pads of ${node.label} depend on the size of its input`;
    return { reason: 'padding', detail };
  }
  if ([...padding.begin, ...padding.end].some((pad) => pad < 0)) {
    return { reason: 'padding', detail: `${node.label} has negative pads` };
  }
  return { ...window, padding };
}

/** Refuses an average pool that does not divide by the same number everywhere. */
export function unevenPool(node: Node): Refusal | undefined {
  if (!node.is('AveragePool')) return undefined;
  if ((node.attribute('ceil_mode', 'int') ?? 0) !== 0) {
    return { reason: 'attribute', detail: `${node.label} has ceil_mode set` };
  }
  const counts = node.opset >= 7 && (node.attribute('count_include_pad', 'int') ?? 0) !== 0;
  const window = poolWindow(node, node.attribute('kernel_shape', 'ints')?.length ?? 0);
  if (counts || 'reason' in window || isUnpadded({ ...window, padding: numbersOf(window) })) {
    return undefined;
  }
  return { reason: 'padding', detail: `${node.label} has pads that it does not count` };
}

/**
 * The constant that a stage adds to each output channel. Empty where it adds none, or an unknown
 * one.
 */
export function stageShift(node: Node): Float64Array {
  if (node.is('AveragePool')) return new Float64Array();
  if (node.is('Conv')) return doubles(biasOf(node)) ?? new Float64Array();
  const affine = batchNormAffine(readStatistics(node));
  if (isFoldRefusal(affine)) return new Float64Array();
  return affine.scale.map((s, c) => s * (0 - affine.mean[c]!) + affine.shift[c]!);
}

/** A stage with its weights and bias. */
export function readStage(shape: StageShape): LinearStage | FoldRefusal {
  const { node, outputChannels, window } = shape;
  if (node.is('Conv')) {
    const bias = doubles(biasOf(node)) ?? new Float64Array(outputChannels);
    return { ...shape, weight: exactWeight(node), bias };
  }
  if (node.is('AveragePool')) {
    const taps = tapCount(window);
    const weight = new Float64Array(outputChannels * taps).fill(1 / taps);
    return { ...shape, weight, bias: new Float64Array(outputChannels) };
  }
  const affine = batchNormAffine(readStatistics(node));
  if (isFoldRefusal(affine)) return affine;
  return { ...shape, weight: affine.scale, bias: stageShift(node) };
}

/** The input itself, as a stage. */
export function identityStage({ channels, rank }: Frame): LinearStage {
  return {
    inputChannels: channels,
    outputChannels: channels,
    groups: channels,
    window: pointWindow(rank),
    weight: new Float64Array(channels).fill(1),
    bias: new Float64Array(channels),
  };
}

/** A stage for the site check, which runs after the node has been removed. */
export function checkedStage(shape: StageShape): CheckedStage {
  const { node, window } = shape;
  if (node.is('AveragePool')) return { kind: 'mean', window };
  if (node.is('BatchNormalization')) return { kind: 'map', map: readStatistics(node) };
  const weight = parameterOf(node.input(1))!;
  const bias = parameterOf(biasOf(node));
  return {
    ...shape,
    kind: 'layer',
    type: weight.type as FloatType,
    weight: () => weight.read().data as StoredArray,
    bias: bias && (() => bias.read().data as StoredArray),
  };
}

/** The weights as stored; 16-bit types are widened. */
function exactWeight(node: Node): Float32Array | Float64Array {
  const constant = parameterOf(node.input(1))!;
  const data = constant.read().data as StoredArray;
  return data instanceof Uint16Array ? widen(constant.type as FloatType, data) : data;
}

function doubles(value: Value | undefined): Float64Array | undefined {
  const constant = parameterOf(value);
  if (constant === undefined) return undefined;
  return widen(constant.type as FloatType, constant.read().data as StoredArray);
}
