import { IDENTITY } from '../backend/activation.js';
import type {
  BoundLayer,
  ConvKernel,
  ConvLayouts,
  ConvSpec,
  FloatArray,
} from '../backend/backend.js';
import type { BlockedLayout } from '../backend/layout.js';
import type { Node } from '../ir/node.js';
import { dimsText, elementCount, sameDims } from '../tensor/shape.js';
import { resolveWindow } from '../tensor/window.js';
import { countOf, knownDims } from './facts.js';
import { KernelCache, nameOf } from './kernel-cache.js';
import { runLinear } from './linear.js';
import type {
  Epilogue,
  Evaluation,
  Repeatable,
  RepeatedRun,
  RunTensor,
  ValueFacts,
} from './operator.js';
import { floatsOf, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';
import { windowDims, windowOf, withLabel } from './window.js';

/** The geometry of a Conv or ConvTranspose node, once shapes are known. */
export type Geometry = Pick<
  ConvSpec,
  'inputChannels' | 'outputChannels' | 'groups' | 'window' | 'transposed'
>;

/**
 * Runs a convolution node on the backend. Constant weights are packed once.
 *
 * @param geometry called when a kernel is made, which is once where the weights are constant
 * @param variant distinguishes kernels of one node that differ in more than the activation
 * @param own an epilogue of the node itself. Default: the one that the plan merged into it
 */
export function runConvolution(
  call: Evaluation,
  inputs: readonly (RunTensor | undefined)[],
  geometry: () => Geometry,
  variant = '',
  own?: Epilogue,
): RunTensor[] {
  const { node } = call;
  const x = required(node, inputs, 0);
  const w = required(node, inputs, 1);
  const bias = inputs[2];
  const data = floatsOf(node, x);
  const weight = floatsOf(node, w);
  const epilogue = own ?? call.epilogue;
  const activation = epilogue?.activation ?? IDENTITY;
  const make = (): ConvKernel =>
    call.backend.conv({
      ...geometry(),
      weight,
      bias: bias === undefined ? undefined : floatsOf(node, bias),
      activation,
      precision: call.precision,
      threads: call.threads,
    });
  const stable = call.isConstant(1) && (bias === undefined || call.isConstant(2));
  const kept = stable ? call.keep(() => new KernelCache<ConvKernel>()) : undefined;
  const name = `${nameOf(activation)} ${variant}`;
  const kernel = kept?.get(name, weight, make) ?? make();
  try {
    const dims = kernel.outputDims(x.dims);
    const { layout } = call;
    const out = layout
      ? call.allocateBlocked(dims, layout)
      : (call.allocate(x.type, dims) as FloatArray);
    const residual = epilogue?.residual;
    const blocked = layout ?? x.layout ?? residual?.layout;
    const layouts = blocked && layoutsOf(x, residual, layout);
    if (residual !== undefined && !sameDims(residual.dims, dims)) {
      throw nodeError(node, 'ERR_INTERNAL', `a residual of ${dimsText(residual.dims)} was merged`);
    }
    kernel.runSync({
      x: data,
      dims: x.dims,
      out,
      ...(residual === undefined ? {} : { residual: floatsOf(node, residual) }),
      ...(layouts === undefined ? {} : { layouts }),
    });
    const again = kept && own === undefined ? kernel.bind?.(x.dims, layouts) : undefined;
    const output = { type: x.type, dims, layout };
    if (again !== undefined)
      call.repeatable(repeatable(output, again, kept!.holding(name, kernel)));
    return [{ ...output, data: out }];
  } finally {
    if (kept === undefined) kernel.dispose();
  }
}

/** A separate function, so that what is kept does not hold the tensors of one run. */
function repeatable(
  { type, dims, layout }: Omit<RunTensor, 'data'>,
  bound: BoundLayer,
  holds: () => boolean,
): Repeatable {
  return { type, dims, layout, holds, run: bound as RepeatedRun };
}

/** Where there is no residual, the backend expects the output's layout for it. */
function layoutsOf(
  x: RunTensor,
  residual: RunTensor | undefined,
  out: BlockedLayout | undefined,
): ConvLayouts {
  return { x: x.layout, residual: residual ? residual.layout : out, out };
}

/** Ranks, channels and groups must fit. @throws ConvfuseError ERR_MODEL */
export function checkChannels(
  node: Node,
  x: readonly unknown[],
  w: readonly number[],
  channels: number,
): void {
  const wanted = x[1];
  if (x.length !== w.length || (typeof wanted === 'number' && wanted !== channels)) {
    throw nodeError(
      node,
      'ERR_MODEL',
      `weights ${dimsText(w)} do not fit an input of rank ${x.length} with ${String(wanted)} channels`,
    );
  }
}

/** The groups of a Conv, whose channels are checked. @throws ConvfuseError ERR_MODEL */
function groupsOf(node: Node, x: readonly unknown[], w: readonly number[]): number {
  const groups = node.attribute('group', 'int') ?? 1;
  checkChannels(node, x, w, w[1]! * groups);
  return groups;
}

/** @throws ConvfuseError ERR_MODEL, ERR_UNSUPPORTED */
export function convGeometry(node: Node, x: readonly unknown[], w: readonly number[]): Geometry {
  const groups = groupsOf(node, x, w);
  if (groups < 1 || w[0]! % groups !== 0) {
    throw nodeError(
      node,
      'ERR_MODEL',
      `${w[0]} output channels do not divide into ${groups} groups`,
    );
  }
  return {
    inputChannels: w[1]! * groups,
    outputChannels: w[0]!,
    groups,
    window: windowOf(node, w.slice(2)),
    transposed: undefined,
  };
}

/** Output dimensions of a convolution, as far as they are known. */
export function convDims(
  node: Node,
  x: ValueFacts | undefined,
  w: ValueFacts | undefined,
): ValueFacts['dims'] {
  const weights = knownDims(w);
  if (x?.dims === undefined || weights === undefined) return undefined;
  const { dims } = x;
  return withLabel(node, () => {
    const { window, outputChannels } = convGeometry(node, dims, weights);
    return [dims[0], outputChannels, ...windowDims(window, dims.slice(2))];
  });
}

/** Multiply-accumulates of a convolution, where its shapes are known. */
export function convMacs(w: ValueFacts | undefined, y: ValueFacts | undefined): number {
  const weights = knownDims(w);
  return weights === undefined ? 0 : countOf(y) * elementCount(weights.slice(1));
}

/**
 * A layer whose window is its whole input, as behind a global pool, is a product of a row with a
 * matrix. A linear layer reads the weights, which takes all the time, faster. Undefined for others.
 */
function runSingle(
  call: Evaluation,
  inputs: readonly (RunTensor | undefined)[],
): RunTensor | undefined {
  const { node, epilogue, precision } = call;
  const [x, w, bias] = inputs as readonly [RunTensor, RunTensor, RunTensor | undefined];
  const plane = x.dims.slice(2);
  const slopes = epilogue?.activation.slope?.length ?? 1;
  if (!sameDims(plane, w.dims.slice(2)) || slopes > 1) return;
  const constant = call.isConstant(1) && (bias === undefined || call.isConstant(2));
  const layouts = [x.layout, call.layout, epilogue?.residual?.layout];
  const dense = layouts.every((layout) => layout === undefined);
  if (!constant || !dense || precision === 'bfloat16') return;
  const { groups, window, inputChannels, outputChannels } = convGeometry(node, x.dims, w.dims);
  const { padBegin, padEnd, output } = resolveWindow(window, plane);
  if (groups !== 1 || [...padBegin, ...padEnd].some((pad) => pad !== 0)) return;
  return runLinear(call, {
    a: x,
    dims: [x.dims[0]!, outputChannels, ...output],
    weight: floatsOf(node, w),
    n: outputChannels,
    k: inputChannels * elementCount(plane),
    transposed: true,
    bias: bias && floatsOf(node, bias),
  });
}

export const conv = operator('Conv', {
  inputs: [2, 3],
  takesEpilogue: 'all',
  infer: (node, [x, w]): ValueFacts[] => [{ type: x?.type, dims: convDims(node, x, w) }],
  macs: (_node, [, w], [y]) => convMacs(w, y),
  evaluate(call, inputs) {
    const x = required(call.node, inputs, 0);
    const w = required(call.node, inputs, 1);
    groupsOf(call.node, x.dims, w.dims);
    return withLabel(call.node, () => {
      const single = runSingle(call, inputs);
      if (single !== undefined) return [single];
      return runConvolution(call, inputs, () => convGeometry(call.node, x.dims, w.dims));
    });
  },
});
