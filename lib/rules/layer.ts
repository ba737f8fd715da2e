import type { LayerGeometry } from '../fold/sample-positions.js';
import type { WeightLayout } from '../fold/fold-output.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import type { Refusal } from '../rewrite/rule.js';
import { elementCount } from '../tensor/shape.js';
import { windowOf } from './window.js';
import { parameterOf } from './parameter.js';

/** The operators that a channel-wise map can be folded into. */
export const LAYERS = ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'] as const;

/** A layer that is linear in its input, described by its attributes and the shape of its weight. */
export interface Layer {
  readonly node: Node;
  readonly geometry: LayerGeometry;
  /** Layout of the weight, with the output channels as rows. */
  readonly layout: WeightLayout;
  /** Rank of the output; undefined for MatMul, where it depends on the input. */
  readonly outputRank: number | undefined;
  /** The layer computes gain * (W . x) + biasGain * bias: alpha and beta of Gemm. */
  readonly gain: number;
  readonly biasGain: number;
}

export function isLayer(node: Node | undefined): node is Node {
  return node !== undefined && LAYERS.some((opType) => node.is(opType));
}

/** The axis of the weight that has the output channels or columns, for Conv, Gemm and MatMul. */
export function outputAxis(layer: Node): 0 | 1 {
  const byRows = layer.is('Gemm') && (layer.attribute('transB', 'int') ?? 0) !== 0;
  return layer.is('Conv') || byRows ? 0 : 1;
}

export function biasOf(layer: Node): Value | undefined {
  return layer.is('MatMul') ? undefined : layer.optionalInput(2);
}

/**
 * Reads a layer. Refuses shapes that do not fit each other.
 *
 * @param dims of the weight; to be given where the weight is not a constant
 */
export function readLayer(
  node: Node,
  dims = parameterOf(node.optionalInput(1))?.dims,
): Layer | Refusal {
  if (dims === undefined) {
    return { reason: 'not-constant', detail: `the weight of ${node.label} is not a constant` };
  }
  if (node.is('Gemm') || node.is('MatMul')) return readMatrix(node, dims);
  return readConvolution(node, dims);
}

function readConvolution(node: Node, dims: readonly number[]): Layer | Refusal {
  const groups = node.attribute('group', 'int') ?? 1;
  const transposed = node.is('ConvTranspose');
  const window = windowOf(node, dims.slice(2));
  if ('reason' in window) return window;
  const [first, second] = [dims[0] ?? 0, dims[1] ?? 0];
  if (dims.length < 3 || elementCount(dims) === 0) return misfit(node, dims);
  if (!(groups >= 1) || first % groups !== 0) {
    const detail = `group ${groups} of ${node.label} does not divide ${first} channels`;
    return { reason: 'shape', detail };
  }
  const taps = elementCount(dims.slice(2));
  const inputChannels = transposed ? first : second * groups;
  const outputChannels = transposed ? second * groups : first;
  return {
    node,
    geometry: { inputChannels, outputChannels, groups, window, transposed },
    layout: transposed
      ? { groups, outer: first / groups, rows: second, cols: taps }
      : { groups: 1, outer: 1, rows: first, cols: second * taps },
    outputRank: dims.length,
    gain: 1,
    biasGain: 1,
  };
}

const NO_WINDOW = { kernel: [], strides: [], dilations: [], padding: 'valid' } as const;

function readMatrix(node: Node, dims: readonly number[]): Layer | Refusal {
  if (dims.length !== 2 || elementCount(dims) === 0) return misfit(node, dims);
  const gemm = node.is('Gemm');
  const transposed = !gemm || (node.attribute('transB', 'int') ?? 0) === 0;
  const [first, second] = [dims[0]!, dims[1]!];
  const [inputChannels, outputChannels] = transposed ? [first, second] : [second, first];
  return {
    node,
    geometry: { inputChannels, outputChannels, groups: 1, window: NO_WINDOW, transposed },
    layout: transposed
      ? { groups: 1, outer: first, rows: second, cols: 1 }
      : { groups: 1, outer: 1, rows: first, cols: second },
    outputRank: gemm ? 2 : undefined,
    gain: gemm ? (node.attribute('alpha', 'float') ?? 1) : 1,
    biasGain: gemm ? (node.attribute('beta', 'float') ?? 1) : 1,
  };
}

function misfit(node: Node, dims: readonly number[]): Refusal {
  const detail = `the weight of ${node.opType} ${node.label} has dimensions [${dims.join(', ')}]`;
  return { reason: 'shape', detail };
}
