import type { ChannelAffine, Statistics } from '../fold/batch-norm.js';
import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import type { Condition, Facts, Refusal, Rewritten } from '../rewrite/rule.js';
import { absorbBefore, noteFused } from './absorb.js';
import { replaceConstants } from './apply.js';
import { statisticsRefusal } from './batch-norm.js';
import { foldBefore } from './fold-before.js';
import { LAYER_GUARDS, type FoldMatch } from './guards.js';
import { productBehind, rowsAreImages } from './flattened.js';
import { biasOf, isLayer, readLayer } from './layer.js';
import { parameterOf } from './parameter.js';

/** An operator in front of a layer. */
export interface BeforeMatch extends FoldMatch {
  /** What the operator reads, and the layer will. */
  readonly data: Value;
}

/** An operator `norm` whose output a layer reads as its data, with the parameters of both. */
export function beforeLayer(
  norm: Node,
  data: Value | undefined,
  parameters: readonly Value[] | undefined,
): BeforeMatch | undefined {
  const output = norm.optionalOutput(0);
  const { layer, via = [] } = (output && layerReading(output)) ?? {};
  const weight = layer?.optionalInput(1);
  if (output === undefined || layer === undefined || weight === undefined) return undefined;
  if (data === undefined || parameters === undefined) return undefined;
  const bias = biasOf(layer);
  return {
    nodes: [norm, ...via, layer],
    into: layer,
    vanishing: [output, ...via.map((node) => node.output(0))],
    parameters: [weight, ...(bias === undefined ? [] : [bias]), ...parameters],
    layer,
    norm,
    data,
    via,
  };
}

/** A layer that reads a value as its data; where there are more readers, the guards say so. */
function layerReading(value: Value): { layer: Node; via?: Node[] } | undefined {
  for (const layer of value.uses.keys()) {
    if (isLayer(layer) && layer.optionalInput(0) === value) return { layer };
  }
  return productBehind(value);
}

/** Folds the map of `norm` into the layer behind it, and takes `norm` out. */
export function rewriteBefore(
  { layer, norm, data, via = [] }: BeforeMatch,
  map: Statistics | ChannelAffine,
  edit: Editor,
  facts: Facts,
): Rewritten | Refusal {
  const folded = foldBefore(facts, layer, map);
  if ('reason' in folded) return folded;
  const { label } = norm;
  absorbBefore(edit, via[0] ?? layer, norm, data);
  const into = replaceConstants(edit, layer, folded);
  noteFused(edit, into, label);
  return { into, check: folded.check, ...(folded.detail && { detail: folded.detail }) };
}

/** Axis 1 of the data must be what the layer sums over. */
export const channelsSummed: Condition<BeforeMatch> = {
  name: 'channels-summed',
  doc: 'The channels of the operator are those that the layer sums over.',
  check({ layer }, facts) {
    if (layer.is('Gemm') && (layer.attribute('transA', 'int') ?? 0) !== 0) {
      return { reason: 'shape', detail: `${layer.label} reads its input transposed` };
    }
    const rank = facts.dims(layer.input(0))?.length;
    if (!layer.is('MatMul') || rank === 2) return undefined;
    const what = rank === undefined ? 'an unknown rank' : `rank ${rank}`;
    return { reason: 'shape', detail: `the input of ${layer.label} has ${what}, expected 2` };
  },
};

export const statisticsPerInput: Condition<BeforeMatch> = {
  name: 'statistics-per-input',
  doc: 'Each batch norm parameter is [C], with C the input channels of the layer, or of what is flattened before it.',
  check({ layer, norm, data, via = [] }, facts) {
    const read = readLayer(layer);
    if ('reason' in read) return read;
    const { inputChannels } = read.geometry;
    if (via.length === 0) return statisticsRefusal(norm, inputChannels);
    const own = parameterOf(norm.optionalInput(1))?.dims[0] ?? Number.NaN;
    const channels = facts.dims(data)?.[1] ?? own;
    if (inputChannels % channels === 0) return statisticsRefusal(norm, channels);
    const detail = `${inputChannels} columns of ${layer.label} are not so many of each of ${channels} channels`;
    return { reason: 'shape', detail };
  },
};

export const BEFORE_GUARDS: readonly Condition<BeforeMatch>[] = [
  ...LAYER_GUARDS,
  channelsSummed,
  rowsAreImages,
];
