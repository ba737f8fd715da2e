// Shared by the pooling operators: the input elements that each output element covers.

import type { PoolAxis, PoolSpec } from '../backend/backend.js';
import { blockedCount, NO_HALO, type BlockedLayout } from '../backend/layout.js';
import type { Node } from '../ir/node.js';
import type { TensorData } from '../tensor/dtype.js';
import { elementCount, sameDims } from '../tensor/shape.js';
import { resolveWindow } from '../tensor/window.js';
import { typeOnly } from './facts.js';
import type { Evaluation, RepeatedRun, RunTensor, ValueFacts } from './operator.js';
import { runRepeatable } from './repeatable.js';
import { nodeError } from './schema.js';
import { windowDims, windowOf, withLabel } from './window.js';

export interface Pool {
  readonly planes: number;
  /** Always three axes, with leading ones of size 1, so that one loop nest serves 1d, 2d and 3d. */
  readonly axes: readonly [PoolAxis, PoolAxis, PoolAxis];
  readonly outDims: readonly number[];
}

function ceilMode(node: Node): boolean {
  return node.attribute('ceil_mode', 'int') === 1;
}

export function poolOf(node: Node, dims: readonly number[]): Pool {
  return withLabel(node, () => {
    const window = windowOf(node, undefined);
    if (dims.length !== window.kernel.length + 2) {
      throw nodeError(node, 'ERR_MODEL', `kernel and input have different ranks`);
    }
    const spatial = dims.slice(2);
    const { padBegin, padEnd, output } = resolveWindow(window, spatial, ceilMode(node));
    const axes: PoolAxis[] = spatial.map((input, axis) =>
      axisTaps(
        input,
        output[axis]!,
        window.kernel[axis]!,
        window.strides[axis]!,
        window.dilations[axis]!,
        padBegin[axis]!,
        padEnd[axis]!,
      ),
    );
    while (axes.length < 3) axes.unshift(axisTaps(1, 1, 1, 1, 1, 0, 0));
    return {
      planes: elementCount(dims.slice(0, 2)),
      axes: axes as unknown as Pool['axes'],
      outDims: [...dims.slice(0, 2), ...output],
    };
  });
}

function axisTaps(
  input: number,
  output: number,
  kernel: number,
  stride: number,
  dilation: number,
  padBegin: number,
  padEnd: number,
): PoolAxis {
  const start = new Int32Array(output);
  const taps = new Int32Array(output);
  const padded = new Int32Array(output);
  for (let at = 0; at < output; at++) {
    const origin = at * stride - padBegin;
    const skipped = origin < 0 ? Math.ceil(-origin / dilation) : 0;
    start[at] = origin + skipped * dilation;
    const inside = Math.ceil((input - start[at]!) / dilation);
    taps[at] = Math.max(0, Math.min(kernel - skipped, inside));
    padded[at] = Math.min(kernel, Math.ceil((input + padEnd - origin) / dilation));
  }
  return { input, output, dilation, start, taps, padded };
}

/**
 * Runs a pool on the backend where that supports the elements and layouts, else by the operator's
 * own loop over dense elements.
 */
export function runPool(
  call: Evaluation,
  pool: Pool,
  input: RunTensor,
  kind: PoolSpec['kind'],
  padded: boolean,
  loop: (y: TensorData) => void,
): RunTensor {
  const { backend, threads } = call;
  const { planes, axes, outDims: dims } = pool;
  const { type, layout } = input;
  if (layout !== undefined) return runBlockedPool(call, pool, input, layout, kind, padded);
  if (backend.pool !== undefined && input.data instanceof Float32Array) {
    const run = backend.pool({ kind, planes, axes, padded, threads }) as RepeatedRun;
    return runRepeatable(call, input.data, { type, dims, layout: undefined, run });
  }
  const data = call.allocate(type, dims);
  loop(data);
  return { type, dims, data };
}

/** Runs a pool of a tensor in blocks on the backend. */
export function runBlockedPool(
  call: Evaluation,
  { axes, outDims: dims }: Pool,
  { type, data }: RunTensor,
  from: BlockedLayout,
  kind: PoolSpec['kind'],
  padded: boolean,
): RunTensor {
  const { backend, threads, layout } = call;
  const [batch, channels] = dims as readonly [number, number];
  // Without a layout the output is one pixel per channel, in whole blocks.
  const layouts = { x: from, y: layout ?? { lanes: from.lanes, ...NO_HALO } };
  const spec = { kind, batch, channels, axes, padded, threads, layouts };
  const run = backend.poolBlocked!(spec) as RepeatedRun;
  const whole = layout !== undefined || channels % from.lanes === 0;
  const how = { type, dims, layout, run: whole ? run : pixelRun(run, dims, layouts.y) };
  return runRepeatable(call, data, how);
}

/** Writes one pixel per channel to a dense tensor, leaving out the unused lanes of blocks. */
function pixelRun(
  run: RepeatedRun,
  [batch, channels]: readonly number[],
  layout: BlockedLayout,
): RepeatedRun {
  const blocks = new Float32Array(blockedCount([batch!, channels!, 1, 1], layout));
  const image = blocks.length / batch!;
  return (x, second, y) => {
    run(x, second, blocks);
    for (let n = 0; n < batch!; n++) {
      const pixel = blocks.subarray(n * image, n * image + channels!);
      (y as Float32Array).set(pixel, n * channels!);
    }
  };
}

/** The pool that `make` returns for dims; cached while the node's input keeps its shape. */
export function keptPool(call: Evaluation, dims: readonly number[], make: () => Pool): Pool {
  const kept = call.keep<{ dims?: readonly number[]; pool?: Pool }>(() => ({}));
  if (kept.pool === undefined || !sameDims(kept.dims!, dims)) {
    kept.pool = make();
    kept.dims = dims;
  }
  return kept.pool;
}

/** A pool with one window over the whole of each plane. */
export function wholePlanes(dims: readonly number[]): Pool {
  const sizes = [elementCount(dims.slice(2, -2)), ...[1, 1, ...dims.slice(2)].slice(-2)];
  const axes = sizes.map((size) => axisTaps(size, 1, size, 1, 1, 0, 0));
  return {
    planes: elementCount(dims.slice(0, 2)),
    axes: axes as unknown as Pool['axes'],
    outDims: dims.map((size, axis) => (axis < 2 ? size : 1)),
  };
}

/** Facts of a pool's outputs; the second, where there is one, holds int64 indices. */
export function inferPool(node: Node, [x]: readonly (ValueFacts | undefined)[]): ValueFacts[] {
  if (x?.dims === undefined) return [typeOnly(x)];
  const { dims } = x;
  return withLabel(node, () => {
    const spatial = windowDims(windowOf(node, undefined), dims.slice(2), ceilMode(node));
    const out = [dims[0], dims[1], ...spatial];
    return [
      { type: x.type, dims: out },
      { type: 'int64', dims: out },
    ];
  });
}
