// What each kind of step can do with tensors in blocks (lib/backend/layout.ts).

import type { Precision } from '../backend/backend.js';
import { NO_HALO, type Halo } from '../backend/layout.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { knownDims } from '../ops/facts.js';
import type { Inference } from '../ops/infer.js';
import { transposedGeometry } from '../ops/conv-transpose.js';
import { reducesPlanes } from '../ops/reduce.js';
import { resizesPlanes } from '../ops/resize.js';
import { windowOf } from '../ops/window.js';
import { dilatedExtent, resolveWindow } from '../tensor/window.js';
import { elementwiseOperands } from './elementwise-operands.js';
import type { Merged } from './merge.js';

/** The properties of the backend's blocks that decide what can lie in them. */
export interface Blocks {
  readonly lanes: number;
  readonly precision: Precision;
}

export interface LayoutStep {
  readonly node: Node;
  readonly merged: Merged | undefined;
}

/** How a step works on blocks. */
export interface Member {
  /** Inputs that may lie in blocks; the node's other inputs are dense. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly residual: Value | undefined;
  /**
   * Whether it can read dense input and write blocks (opens), or read blocks and write dense
   * output.
   */
  readonly opens: boolean;
  readonly closes: boolean;
  /** Whether its output may lie in blocks. */
  readonly hasPlanes: boolean;
  /** The margin that a blocked input must have. */
  readonly halo: Halo;
  /**
   * Whether its output may take the memory of an input or the residual, which needs equal halos.
   */
  readonly overwrites: boolean;
  /** Whether its outputs are parts of the input's memory, which needs equal halos. */
  readonly views: boolean;
}

/** How a step works on blocks; undefined where it cannot. */
export function memberOf(
  step: LayoutStep,
  inference: Inference,
  blocks: Blocks,
): Member | undefined {
  const { node, merged } = step;
  const output = merged?.output ?? node.outputs[0];
  if (output === undefined) return undefined;
  const base: Omit<Member, 'inputs'> = {
    outputs: [output],
    residual: merged?.residual,
    opens: false,
    closes: false,
    halo: NO_HALO,
    hasPlanes: true,
    overwrites: false,
    views: false,
  };
  const operands = elementwiseOperands(node, inference);
  if (operands !== undefined) {
    return { ...base, inputs: [operands.x], residual: operands.residual, overwrites: true };
  }
  const x = node.inputs[0];
  const dims = x && knownDims(inference.facts(x));
  if (x === undefined || dims?.length !== 4 || node.domain !== '') return undefined;
  const alone: Member = { ...base, inputs: [x] };
  switch (node.opType) {
    case 'Conv':
      return convMember(node, alone, dims, inference, blocks);
    case 'ConvTranspose':
      return transposedMember(node, alone, dims, inference, blocks);
    case 'MaxPool':
    case 'AveragePool':
      return node.optionalOutput(1) === undefined ? alone : undefined;
    case 'GlobalAveragePool':
    case 'GlobalMaxPool':
      return { ...alone, closes: true, hasPlanes: false };
    case 'ReduceMean':
    case 'ReduceMax':
      return reducesPlanes(node, inference.inputs(node))
        ? { ...alone, closes: true, hasPlanes: false }
        : undefined;
    case 'Resize':
    case 'Upsample':
      return resizesPlanes(node, inference.inputs(node)) ? alone : undefined;
    case 'Concat':
      return concatMember(node, base, inference, blocks);
    case 'Split':
      return splitMember(node, alone, inference, blocks);
    default:
      return undefined;
  }
}

function convMember(
  node: Node,
  alone: Member,
  dims: readonly number[],
  inference: Inference,
  { lanes, precision }: Blocks,
): Member | undefined {
  const weights = weightDims(node, alone, inference);
  if (weights === undefined) return undefined;
  const groups = node.attribute('group', 'int') ?? 1;
  const [channels, inputs] = [weights[0]! / groups, weights[1]!];
  // Either a block holds whole groups, as in depthwise layers, or a group consists of whole blocks.
  const within = groups > 1 && channels === inputs && inputs < lanes && lanes % inputs === 0;
  const whole = groups === 1 || (inputs % lanes === 0 && channels % lanes === 0);
  const window = windowOf(node, weights.slice(2));
  if (!(within || whole)) return undefined;
  if (!within && window.strides[1]! > 2) return undefined;
  const spatial = dims.slice(2);
  const { padBegin, output } = resolveWindow(window, spatial);
  const [bottom, right] = spatial.map((size, axis) => {
    const stride = window.strides[axis]!;
    const outputs = output[axis]!;
    const extent = dilatedExtent(window.kernel[axis]!, window.dilations[axis]!);
    const reads = TILES.filter(({ precisions }) => groups === 1 && precisions.includes(precision))
      .filter((tile) => tile.stride === stride && extent === 3)
      .map(({ outputs: m, step, size: reach }) => (Math.ceil(outputs / m) - 1) * step + reach);
    const last = Math.max((outputs - 1) * stride + extent, ...reads);
    return Math.max(0, last - padBegin[axis]! - size);
  });
  const halo = { top: padBegin[0]!, left: padBegin[1]!, bottom: bottom!, right: right! };
  // Worth it where a dense input would be packed at a cost: few channels, as in the first layer of
  // a network, or several taps.
  const opens = groups === 1 && (dims[1]! < lanes || window.kernel.some((taps) => taps > 1));
  // Few output channels are dot products on dense planes, in which no lane lies idle.
  const hasPlanes = within || channels * 4 > lanes;
  return { ...alone, halo, opens, closes: !within, hasPlanes };
}

/**
 * The dimensions of the weights. Undefined where they are unknown, or where the weights or bias,
 * which must be dense, also serve as the input or the residual.
 */
function weightDims(
  node: Node,
  { inputs, residual }: Member,
  inference: Inference,
): readonly number[] | undefined {
  const others = node.inputs.slice(1);
  const planes = [...inputs, residual];
  if (planes.some((value) => value !== undefined && others.includes(value))) return undefined;
  const dims = others[0] && knownDims(inference.facts(others[0]));
  return dims?.length === 4 ? dims : undefined;
}

/**
 * A ConvTranspose. Few output channels are written as dense planes: the outputs of several residues
 * of the stride fill vectors there.
 */
function transposedMember(
  node: Node,
  alone: Member,
  dims: readonly number[],
  inference: Inference,
  { lanes }: Blocks,
): Member | undefined {
  const weights = weightDims(node, alone, inference);
  if (weights === undefined) return undefined;
  const { geometry, padBegin, output } = transposedGeometry(node, dims, weights);
  const { groups, window, inputChannels, outputChannels } = geometry;
  const { kernel, strides, dilations } = window;
  const whole = [inputChannels, outputChannels].every((n) => (n / groups) % lanes === 0);
  // The outputs of each residue of the stride are a plain convolution of the input
  // (native/ops/phases.h).
  const plain = kernel.every((k, axis) => k >= strides[axis]! + padBegin[axis]!);
  if (!(groups === 1 || whole) || !plain || dilations.some((d) => d > 1)) return undefined;
  // Output o reads inputs up to (o + pad) / stride: one for each tap of its residue of the stride.
  const place = (o: number, axis: number): number =>
    Math.floor((o + padBegin[axis]!) / strides[axis]!);
  const [top, left] = kernel.map((k, axis) => Math.ceil(k / strides[axis]!) - 1 - place(0, axis));
  const [bottom, right] = output.map((size, axis) =>
    Math.max(0, place(size - 1, axis) + 1 - dims[axis + 2]!),
  );
  return {
    ...alone,
    halo: { top: top!, left: left!, bottom: bottom!, right: right! },
    opens: true,
    closes: true,
    hasPlanes: outputChannels / groups > lanes / 2,
  };
}

/**
 * Tiles of the Winograd algorithms, along one axis. A tile is read whole, also beyond the last
 * output, so it determines the halo (native/kernels/winograd.h).
 */
const TILES = [
  { stride: 1, outputs: 2, step: 2, size: 4, precisions: ['default', 'fast'] },
  { stride: 1, outputs: 4, step: 4, size: 6, precisions: ['fast', 'bfloat16'] },
  { stride: 2, outputs: 2, step: 4, size: 5, precisions: ['default', 'fast'] },
];

/** A Concat of channels moves whole blocks, so only its last input may end within a block. */
function concatMember(
  node: Node,
  base: Omit<Member, 'inputs'>,
  inference: Inference,
  { lanes }: Blocks,
): Member | undefined {
  const inputs = node.inputs.filter((value) => value !== undefined);
  if (!joinsChannels(node, inputs, inference, lanes)) return undefined;
  return { ...base, inputs };
}

function splitMember(
  node: Node,
  alone: Member,
  inference: Inference,
  { lanes }: Blocks,
): Member | undefined {
  const outputs = node.namedOutputs;
  if (outputs.length !== node.outputs.length) return undefined;
  if (!joinsChannels(node, outputs, inference, lanes)) return undefined;
  return { ...alone, outputs, views: knownDims(inference.facts(outputs[0]!))![0] === 1 };
}

function joinsChannels(
  node: Node,
  parts: readonly Value[],
  inference: Inference,
  lanes: number,
): boolean {
  const axis = node.attribute('axis', 'int') ?? (node.is('Split') ? 0 : 1);
  return (
    (axis === 1 || axis === -3) &&
    parts.every((part, i) => {
      const dims = knownDims(inference.facts(part));
      return dims?.length === 4 && (i === parts.length - 1 || dims[1]! % lanes === 0);
    })
  );
}
