import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import {
  firstRefusal,
  inferenceMode,
  nodeText,
  noExtraOutputs,
  notGraphOutput,
  notPinned,
  sameGraph,
  singleConsumer,
} from '../rewrite/conditions.js';
import type { Condition, Facts, Match, Refusal } from '../rewrite/rule.js';
import { biasOf, readLayer, type Layer } from './layer.js';
import { attributeRefusal, opsetRefusal } from './operators.js';
import { parameterOf } from './parameter.js';
import {
  constantParameters,
  notOverridable,
  oneFloatType,
  notSpelledOut,
} from './parameter-guards.js';

/** A layer that is linear in its data. */
export interface LayerMatch extends Match {
  readonly layer: Node;
}

/** An Add of a constant behind a MatMul, which cannot have a bias of its own. */
export interface BiasSum {
  readonly node: Node;
  readonly constant: Value;
  /** The position of the constant among the operands. */
  readonly constantIndex: 0 | 1;
}

/** A layer, and the channel-wise operator that is folded into it. */
export interface FoldMatch extends LayerMatch {
  /** The first node of `via`, where that is an Add of a bias. */
  readonly sum?: BiasSum | undefined;
  /** Nodes between the layer and the operator, in the order of the data. They are kept. */
  readonly via?: readonly Node[];
  /** The operator that is folded into the layer and removed. */
  readonly absorbed: Node;
}

export const knownOpset: Condition = {
  name: 'known-opset',
  doc: 'Every operator is of a version whose meaning is known.',
  check: ({ nodes }) => firstRefusal(nodes, opsetRefusal),
};

export const knownAttributes: Condition = {
  name: 'known-attributes',
  doc: 'Every attribute is known, and none refers to an attribute of an enclosing function.',
  check: ({ nodes }) => firstRefusal(nodes, attributeRefusal),
};

export const layerShapes: Condition<LayerMatch> = {
  name: 'layer-shapes',
  doc: 'Weight, bias, attributes and input of the layer fit each other.',
  check({ layer }, facts) {
    const read = readLayer(layer);
    if ('reason' in read) return read;
    return inputRefusal(read, facts) ?? biasRefusal(read);
  },
};

function inputRefusal({ node, geometry, outputRank }: Layer, facts: Facts): Refusal | undefined {
  const { window, inputChannels } = geometry;
  const dims = window.kernel.length === 0 ? undefined : facts.dims(node.input(0));
  if (dims === undefined) return undefined;
  if (dims.length === outputRank && (dims[1] ?? inputChannels) === inputChannels) return undefined;
  const shape = dims.map((dim) => dim ?? '?').join(', ');
  const detail =
    `the input of ${node.label} is [${shape}], where its weight asks for ` +
    `${inputChannels} channels and rank ${outputRank}`;
  return { reason: 'shape', detail };
}

function biasRefusal({ node, geometry }: Layer): Refusal | undefined {
  const bias = biasOf(node);
  const dims = parameterOf(bias)?.dims;
  if (bias === undefined || dims === undefined) return undefined;
  const { outputChannels } = geometry;
  const fits = node.is('Gemm')
    ? dims.length <= 2 && !dims.includes(0) && [1, outputChannels].includes(dims.at(-1) ?? 1)
    : dims.length === 1 && dims[0] === outputChannels;
  if (fits) return undefined;
  const detail = `bias ${bias.name} is [${dims.join(', ')}] for ${outputChannels} output channels`;
  return { reason: 'shape', detail };
}

/** Before opset 7 a Gemm broadcasts its C only where an attribute says so. */
export const gemmBroadcast: Condition<LayerMatch> = {
  name: 'gemm-broadcast',
  doc: 'A Gemm broadcasts its C without being told to by an attribute: opset 7 and later.',
  check({ layer }) {
    if (layer.opset >= 7 || !(layer.is('Gemm') || layer.is('MatMul'))) return undefined;
    return { reason: 'opset', detail: `${nodeText(layer)} is of opset ${layer.opset}` };
  },
};

const ABSORBABLE: readonly Condition[] = [
  noExtraOutputs,
  knownOpset,
  knownAttributes,
  singleConsumer,
  notGraphOutput,
  notPinned,
];

/** Guards on nodes and the values between them, for rules that fold one node into another. */
export const STRUCTURE_GUARDS: readonly Condition[] = [sameGraph, ...ABSORBABLE];

/**
 * The guards of every fold of one operator into another. There is no guard against operators of
 * custom domains and functions: Node.is(), by which matches find nodes, excludes them.
 */
export const COMMON_GUARDS: readonly Condition[] = [
  sameGraph,
  inferenceMode,
  ...ABSORBABLE,
  notOverridable,
  constantParameters,
  oneFloatType,
  notSpelledOut,
];

/** The guards of every fold into a layer. */
export const LAYER_GUARDS: readonly Condition<FoldMatch>[] = [
  ...COMMON_GUARDS,
  layerShapes,
  gemmBroadcast,
];
