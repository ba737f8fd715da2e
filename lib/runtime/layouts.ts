// Which activations of a plan lie in blocks (lib/backend/layout.ts): chains of convolutions, pools
// and element-wise steps that hand them on as they are, so that nothing is packed, padded or
// transposed in between. A value is dense wherever one of its readers, or its producer, knows no
// blocks: none is ever rearranged by a step of its own.

import type { Precision } from '../backend/backend.js';
import { NO_HALO, type BlockedLayout, type Halo } from '../backend/layout.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { knownDims } from '../ops/facts.js';
import type { Inference } from '../ops/infer.js';
import { resizesPlanes } from '../ops/resize.js';
import { windowOf } from '../ops/window.js';
import { dilatedExtent, resolveWindow } from '../tensor/window.js';
import { dependenciesOf } from './captures.js';
import { elementwiseOperands } from './elementwise-operands.js';
import type { Merged } from './merge.js';

/** What the backend's blocks are like. */
export interface Blocks {
  readonly lanes: number;
  readonly precision: Precision;
}

export interface LayoutStep {
  readonly node: Node;
  readonly merged: Merged | undefined;
}

/** A step that knows blocks. */
interface Member {
  readonly x: Value;
  readonly output: Value;
  readonly residual: Value | undefined;
  /** Reads dense input into blocks, and blocks into dense output. */
  readonly opens: boolean;
  readonly closes: boolean;
  /** Whether its output may lie in blocks at all. */
  readonly hasPlanes: boolean;
  /** What a blocked input must have around it. */
  readonly halo: Halo;
  /** Whether its output may take the memory of x or of the residual, where they have equal halos. */
  readonly overwrites: boolean;
}

/** The layout of every value that is to lie in blocks. */
export function planLayouts(
  steps: readonly LayoutStep[],
  inference: Inference,
  blocks: Blocks,
): Map<Value, BlockedLayout> {
  const members = new Map<LayoutStep, Member>();
  for (const step of steps) {
    const member = memberOf(step, inference, blocks);
    if (member !== undefined) members.set(step, member);
  }
  const candidates = new Set<Value>();
  for (const { output, hasPlanes } of members.values()) {
    if (hasPlanes && isFree(output, inference)) candidates.add(output);
  }
  for (const step of steps) {
    const member = members.get(step);
    const known = (value: Value): boolean => value === member?.x || value === member?.residual;
    const reads = [...dependenciesOf(step.node), step.merged?.residual];
    for (const value of reads) {
      if (value !== undefined && !known(value)) candidates.delete(value);
    }
  }
  while (dropOne(members.values(), candidates));
  const halos = halosOf([...members.values()], candidates);
  return new Map(
    [...candidates].map((value) => [
      value,
      { lanes: blocks.lanes, ...(halos.get(value) ?? NO_HALO) },
    ]),
  );
}

/** As wide as the reader that needs most; that of a result which may take a value's place, too. */
function halosOf(members: readonly Member[], candidates: ReadonlySet<Value>): Map<Value, Halo> {
  const halos = new Map<Value, Halo>();
  const widen = (value: Value | undefined, halo: Halo): void => {
    if (value === undefined || !candidates.has(value)) return;
    const other = halos.get(value) ?? NO_HALO;
    halos.set(value, {
      top: Math.max(halo.top, other.top),
      left: Math.max(halo.left, other.left),
      bottom: Math.max(halo.bottom, other.bottom),
      right: Math.max(halo.right, other.right),
    });
  };
  // Last ones first: what reads a result has been asked by then.
  for (const { x, output, residual, halo, overwrites } of [...members].reverse()) {
    widen(x, halo);
    const result = overwrites ? halos.get(output) : undefined;
    if (result === undefined) continue;
    widen(x, result);
    widen(residual, result);
  }
  return halos;
}

/** Drops candidates that a step cannot have in blocks, and says whether there were any. */
function dropOne(members: Iterable<Member>, candidates: Set<Value>): boolean {
  let dropped = false;
  const drop = (value: Value | undefined): void => {
    if (value !== undefined && candidates.delete(value)) dropped = true;
  };
  for (const { x, output, residual, opens, closes } of members) {
    if (!candidates.has(x) && !opens) drop(output);
    if (!candidates.has(output) && !closes) drop(x);
    if (residual === undefined) continue;
    if (!candidates.has(output)) drop(residual);
    if (!candidates.has(residual)) drop(output);
  }
  return dropped;
}

/** Whether only the plan sees the value, as a float32 tensor of N x C x H x W. */
function isFree(value: Value, inference: Inference): boolean {
  const facts = inference.facts(value);
  const dims = knownDims(facts);
  if (value.isOutput || value.isInput || facts.type !== 'float32') return false;
  return dims?.length === 4 && !dims.includes(0);
}

function memberOf(step: LayoutStep, inference: Inference, blocks: Blocks): Member | undefined {
  const { node, merged } = step;
  const output = merged?.output ?? node.output(0);
  const base = {
    output,
    residual: merged?.residual,
    halo: NO_HALO,
    hasPlanes: true,
    overwrites: false,
  };
  const operands = elementwiseOperands(node, inference);
  if (operands !== undefined) {
    return { ...base, ...operands, opens: false, closes: false, overwrites: true };
  }
  const x = node.inputs[0];
  const dims = x && knownDims(inference.facts(x));
  if (x === undefined || dims?.length !== 4 || node.domain !== '') return undefined;
  switch (node.opType) {
    case 'Conv':
      return convMember(step, { ...base, x }, dims, inference, blocks);
    case 'MaxPool':
    case 'AveragePool':
      if (node.optionalOutput(1) !== undefined) return undefined;
      return { ...base, x, opens: false, closes: false };
    case 'GlobalAveragePool':
    case 'GlobalMaxPool':
      // One pixel a channel: whole blocks of those lie as a dense tensor does.
      if (dims[1]! % blocks.lanes !== 0) return undefined;
      return { ...base, x, opens: false, closes: true, hasPlanes: false };
    case 'Resize':
    case 'Upsample': {
      const facts = node.inputs.map((value) => value && inference.facts(value));
      return resizesPlanes(node, facts) ? { ...base, x, opens: false, closes: false } : undefined;
    }
    default:
      return undefined;
  }
}

function convMember(
  { node, merged }: LayoutStep,
  base: Omit<Member, 'opens' | 'closes'>,
  dims: readonly number[],
  inference: Inference,
  { lanes, precision }: Blocks,
): Member | undefined {
  const w = node.inputs[1];
  const weights = w && knownDims(inference.facts(w));
  if (weights?.length !== 4) return undefined;
  const groups = node.attribute('group', 'int') ?? 1;
  const depthwise = groups === dims[1] && weights[0] === groups && weights[1] === 1;
  const slopes = merged?.activation.slope?.length ?? 1;
  const window = windowOf(node, weights.slice(2));
  if ((groups !== 1 && !depthwise) || slopes > 1) return undefined;
  if (!depthwise && window.strides[1]! > 2) return undefined;
  const spatial = dims.slice(2);
  const { padBegin, output } = resolveWindow(window, spatial);
  const [bottom, right] = spatial.map((size, axis) => {
    const stride = window.strides[axis]!;
    const outputs = output[axis]!;
    const extent = dilatedExtent(window.kernel[axis]!, window.dilations[axis]!);
    const reads = TILES.filter(({ precisions }) => !depthwise && precisions.includes(precision))
      .filter((tile) => tile.stride === stride && extent === 3)
      .map(({ outputs: m, step, size: reach }) => (Math.ceil(outputs / m) - 1) * step + reach);
    const last = Math.max((outputs - 1) * stride + extent, ...reads);
    return Math.max(0, last - padBegin[axis]! - size);
  });
  const halo = { top: padBegin[0]!, left: padBegin[1]!, bottom: bottom!, right: right! };
  // Few channels into blocks: the first layer of a network, which is not packed anyway.
  const opens = !depthwise && dims[1]! < lanes;
  return { ...base, halo, opens, closes: !depthwise };
}

/** Tiles of Winograd's algorithms, which are read whole (native/kernels/winograd.h). */
const TILES = [
  { stride: 1, outputs: 2, step: 2, size: 4, precisions: ['default', 'fast'] },
  { stride: 1, outputs: 4, step: 4, size: 6, precisions: ['fast', 'bfloat16'] },
  { stride: 2, outputs: 2, step: 4, size: 5, precisions: ['default', 'fast'] },
];
