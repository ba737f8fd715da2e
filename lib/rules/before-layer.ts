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
  /** The operator's input, which the layer is to read. */
  readonly data: Value;
}

/** Matches an operator whose output a layer reads as its data, with the parameters of both. */
export function beforeLayer(
  absorbed: Node,
  data: Value | undefined,
  parameters: readonly Value[] | undefined,
): BeforeMatch | undefined {
  const output = absorbed.optionalOutput(0);
  const { layer, via = [] } = (output && layerReading(output)) ?? {};
  const weight = layer?.optionalInput(1);
  if (output === undefined || layer === undefined || weight === undefined) return undefined;
  if (data === undefined || parameters === undefined) return undefined;
  const bias = biasOf(layer);
  return {
    nodes: [absorbed, ...via, layer],
    into: layer,
    vanishing: [output, ...via.map((node) => node.output(0))],
    parameters: [weight, ...(bias === undefined ? [] : [bias]), ...parameters],
    layer,
    absorbed,
    data,
    via,
  };
}

/** A layer that reads a value as its data. The guards reject values with more readers. */
function layerReading(value: Value): { layer: Node; via?: Node[] } | undefined {
  for (const layer of value.uses.keys()) {
    if (isLayer(layer) && layer.optionalInput(0) === value) return { layer };
  }
  return productBehind(value);
}

/** Folds the map of an operator into the layer behind it, and removes the operator. */
export function rewriteBefore(
  { layer, absorbed, data, via = [] }: BeforeMatch,
  map: Statistics | ChannelAffine,
  edit: Editor,
  facts: Facts,
): Rewritten | Refusal {
  const folded = foldBefore(facts, layer, map);
  if ('reason' in folded) return folded;
  const { label } = absorbed;
  absorbBefore(edit, via[0] ?? layer, absorbed, data);
  const into = replaceConstants(edit, layer, folded);
  noteFused(edit, into, label);
  return { into, check: folded.check, ...(folded.detail && { detail: folded.detail }) };
}

/** The layer must sum over axis 1 of the data. */
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
  doc: 'Each batch norm parameter is [C], with C the input channels of the layer, or of the data flattened in front of it.',
  check({ layer, absorbed, data, via = [] }, facts) {
    const read = readLayer(layer);
    if ('reason' in read) return read;
    const { inputChannels } = read.geometry;
    if (via.length === 0) return statisticsRefusal(absorbed, inputChannels);
    const own = parameterOf(absorbed.optionalInput(1))?.dims[0] ?? Number.NaN;
    const channels = facts.dims(data)?.[1] ?? own;
    if (inputChannels % channels === 0) return statisticsRefusal(absorbed, channels);
    const detail = `the ${inputChannels} columns of ${layer.label} are no multiple of ${channels} channels`;
    return { reason: 'shape', detail };
  },
};

export const BEFORE_GUARDS: readonly Condition<BeforeMatch>[] = [
  ...LAYER_GUARDS,
  channelsSummed,
  rowsAreImages,
];
