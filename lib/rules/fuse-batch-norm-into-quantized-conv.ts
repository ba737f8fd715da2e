import { batchNormAffine, type ChannelAffine } from '../fold/batch-norm.js';
import { checkFold } from '../fold/check.js';
import { foldBias } from '../fold/fold-bias.js';
import { isFoldRefusal } from '../fold/refusal.js';
import { leastNormal, widen, type StoredArray } from '../fold/stored.js';
import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import {
  defineRule,
  type Condition,
  type Match,
  type Refusal,
  type Rewritten,
} from '../rewrite/rule.js';
import { absorbBehind, noteFused } from './absorb.js';
import { batchNormParameters, readStatistics, statisticsRefusal } from './batch-norm.js';
import { dequantize, dequantized, type Dequantized } from './dequantized.js';
import { COMMON_GUARDS } from './guards.js';
import { readLayer, type Layer } from './layer.js';
import { biasName, foldedName } from './names.js';
import { parameterOf } from './parameter.js';

interface QuantizedMatch extends Match {
  readonly conv: Node;
  readonly norm: Node;
}

/**
 * The factor of each channel can be folded into a scale of its own, but not into one scale for all.
 */
const perChannelScales: Condition<QuantizedMatch> = {
  name: 'per-channel-scales',
  doc: 'The weight is dequantised from constants, with a scale for each output channel.',
  check({ conv }) {
    if (dequantized(conv.input(1))?.axis === 0) return undefined;
    const detail = `the weight of ${conv.label} has no scale for each of its output channels`;
    return { reason: 'quantized', detail };
  },
};

const knownBias: Condition<QuantizedMatch> = {
  name: 'known-bias',
  doc: 'The bias, where there is one, is a float32 constant, or dequantised from constants.',
  check({ conv }) {
    const bias = conv.optionalInput(2);
    const channels = dequantized(conv.input(1))?.dims[0];
    if (bias === undefined || biasValues(conv)?.length === channels) return undefined;
    return { reason: 'quantized', detail: `the bias of ${conv.label} is not known per channel` };
  },
};

const statisticsFit: Condition<QuantizedMatch> = {
  name: 'batch-norm-shapes',
  doc: 'Each batch norm parameter is [C], with C the output channels of the layer.',
  check: ({ conv, norm }) =>
    statisticsRefusal(norm, dequantized(conv.input(1))?.dims[0] ?? Number.NaN),
};

/** DequantizeLinear requires positive scales; the zero points do not change. */
const positiveFactors: Condition<QuantizedMatch> = {
  name: 'positive-factors',
  doc: 'The batch norm scales every channel by a positive factor, since quantisation scales must be positive.',
  check({ norm }) {
    const affine = batchNormAffine(readStatistics(norm));
    if (isFoldRefusal(affine)) return affine;
    const channel = affine.scale.findIndex((s) => !(s > 0));
    if (channel < 0) return undefined;
    const detail = `${norm.label} scales channel ${channel} by ${affine.scale[channel]}`;
    return { reason: 'quantized', detail };
  },
};

/** The bias that the layer reads: a dequantised one is rounded to float32. */
function biasValues(conv: Node): Float64Array | undefined {
  const value = conv.optionalInput(2);
  const constant = parameterOf(value);
  if (constant?.type === 'float32' && constant.dims.length === 1) {
    return widen('float32', constant.read().data as StoredArray);
  }
  const parts = dequantized(value);
  return parts && dequantize(parts).map(Math.fround);
}

export const fuseBatchNormIntoQuantizedConv = defineRule<QuantizedMatch>({
  name: 'fuse-batch-norm-into-quantized-conv',
  level: 'basic',
  optIn: 'quantized',
  doc: "BN(Conv(x, DequantizeLinear(q, t, z), b)) = Conv(x, DequantizeLinear(q, t', z), b'), t' = s t, b' = s (b - mean) + B, for s > 0",
  roots: ['BatchNormalization'],
  match(norm) {
    const output = norm.optionalInput(0);
    const conv = output?.producer;
    const weight = conv?.optionalInput(1)?.producer;
    const statistics = batchNormParameters(norm);
    if (output === undefined || conv?.is('Conv') !== true || statistics === undefined) {
      return undefined;
    }
    const scale = weight?.optionalInput(1);
    if (weight?.is('DequantizeLinear') !== true || scale === undefined) return undefined;
    if (conv.optionalInput(0) === undefined || norm.optionalOutput(0) === undefined) {
      return undefined;
    }
    return {
      nodes: [conv, norm],
      into: conv,
      vanishing: [output],
      parameters: [scale, ...statistics],
      // One scale and one bias per channel.
      adds: 2 * (parameterOf(scale)?.byteLength ?? 0),
      conv,
      norm,
    };
  },
  conditions: [...COMMON_GUARDS, perChannelScales, knownBias, statisticsFit, positiveFactors],
  rewrite(match, edit): Rewritten | Refusal {
    const { conv, norm } = match;
    const weight = dequantized(conv.input(1))!;
    const layer = readLayer(conv, weight.dims);
    if ('reason' in layer) return layer;
    const affine = batchNormAffine(readStatistics(norm));
    if (isFoldRefusal(affine)) return affine;
    const scale = Float32Array.from(weight.scale, (t, c) => t * affine.scale[c]!);
    const lost = scale.findIndex((t) => !(t >= leastNormal('float32') && t < Infinity));
    if (lost >= 0) {
      const detail = `the scale of channel ${lost} would be ${scale[lost]}`;
      return { reason: 'precision-loss', detail };
    }
    const bias = biasValues(conv);
    const mass = new Float64Array(scale.length);
    const folded = foldBias('float32', bias, affine, mass);
    if (isFoldRefusal(folded)) return folded;
    const check = checkOf(layer, weight, scale, bias, folded.stored, affine);
    replace(edit, match, weight, scale, folded.stored);
    return { into: conv, check };
  },
  example: {
    before:
      'q: int8[4, 4, 3, 3]\nt: float[4] = fill(0.25)\nscale: float[4] = fill(2)\n' +
      'W = DequantizeLinear<axis = 0>(q, t)\ny = Conv(x, W)\n' +
      'z = BatchNormalization(y, scale, B, mean, var)',
    after: 'W_fused = DequantizeLinear<axis = 0>(q, t_fused)\nz = Conv(x, W_fused, W_bias)',
  },
});

/**
 * The check computes in double from the stored numbers, so only the rounding of the new scales
 * shows.
 */
function checkOf(
  { geometry }: Layer,
  weight: Dequantized,
  scale: Float32Array,
  bias: Float64Array | undefined,
  newBias: StoredArray,
  map: ChannelAffine,
) {
  return (seed: number) =>
    checkFold(
      {
        type: 'float32',
        geometry,
        before: { weight: () => dequantize(weight), bias },
        after: { weight: dequantize(weight, scale), bias: newBias },
        map,
        side: 'output',
      },
      seed,
    );
}

/** The quantised weight and its zero points are kept, and may stay shared. */
function replace(
  edit: Editor,
  { conv, norm }: QuantizedMatch,
  { node }: Dequantized,
  scale: Float32Array,
  bias: StoredArray,
): void {
  const { label } = norm;
  const [w, b] = [conv.input(1), conv.optionalInput(2)];
  const constant = (hint: string, data: Float32Array): Value =>
    edit.constant(conv.graph, hint, { type: 'float32', data, dims: [data.length] }, conv);
  const newScale = constant(foldedName(node.input(1).name), scale);
  const made = edit.insertBefore(conv, {
    opType: 'DequantizeLinear',
    name: node.name,
    inputs: [node.input(0), newScale, ...node.inputs.slice(2)],
    outputs: [foldedName(w.name)],
    attributes: [...node.attributes.values()],
  });
  const name = b === undefined ? biasName(w.name) : foldedName(b.name);
  const newBias = constant(name, bias as Float32Array);
  edit.setInputs(conv, [conv.input(0), made.output(0), newBias]);
  absorbBehind(edit, conv, norm);
  noteFused(edit, conv, label);
}
