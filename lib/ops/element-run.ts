// Element-wise arithmetic on the backend, where that supports the elements.

import { IDENTITY, type Activation } from '../backend/activation.js';
import {
  ELEMENTWISE_AXES,
  type ElementwiseFunction,
  type ElementwiseRun,
} from '../backend/elementwise.js';
import { sameLayout, type BlockedLayout } from '../backend/layout.js';
import { elementCount, sameDims } from '../tensor/shape.js';
import { rowsOf, type Extent } from './element-rows.js';
import type { Evaluation, RepeatedRun, RunTensor } from './operator.js';

/** For fewer elements, the operator's own loop takes less time than a call of the addon. */
const FEWEST = 64;

/** The function and the activation of an element-wise step. */
export interface ElementwiseStep {
  readonly f: ElementwiseFunction;
  readonly activation?: Activation | undefined;
  /** For `normalise`: elements of each part (mean, scale, bias) of the second operand. */
  readonly plane?: number;
}

/** A prepared run, and what it was prepared for. */
interface Settled {
  readonly activation: Activation | undefined;
  readonly operands: readonly Extent[];
  readonly layout: BlockedLayout | undefined;
  readonly run: ElementwiseRun | undefined;
}

/** State that a node keeps from run to run. */
export interface KeptElementwise {
  last?: Settled;
  /** For a batch norm: the parameters of `normalise`, and whether float32 can hold them. */
  norm?: { readonly parameters: Float32Array; readonly held: boolean };
}

/**
 * Prepares computing a tensor of `dims` from float32 operands on the backend, in blocks where the
 * step has a blocked output. Undefined where the operator's own loop must run.
 *
 * @param keeps whether every run of the node asks for this and nothing else
 */
export function elementwiseRun(
  call: Evaluation,
  step: ElementwiseStep,
  dims: readonly number[],
  operands: readonly RunTensor[],
  keeps: boolean,
): ElementwiseRun | undefined {
  const { layout } = call;
  if (operands.some(({ data }) => !(data instanceof Float32Array))) return undefined;
  // A kept run is prepared only once, so it is worth it for small tensors too.
  if (!keeps && layout === undefined && elementCount(dims) < FEWEST) return undefined;
  if (!keeps) return settle(call, step, { dims, layout }, operands);
  const kept = call.keep<KeptElementwise>(() => ({}));
  if (kept.last === undefined || !isFor(kept.last, step.activation, operands, layout)) {
    const run = settle(call, step, { dims, layout }, operands);
    const extents = operands.map((each) => ({ dims: each.dims, layout: each.layout }));
    kept.last = { activation: step.activation, operands: extents, layout, run };
  }
  return kept.last.run;
}

function isFor(
  last: Settled,
  activation: Activation | undefined,
  operands: readonly Extent[],
  layout: BlockedLayout | undefined,
): boolean {
  // Plans for other shapes may have merged other nodes into this one.
  if (last.activation !== activation || last.layout !== layout) return false;
  return last.operands.every((each, i) => {
    const other = operands[i]!;
    return each.layout === other.layout && sameDims(each.dims, other.dims);
  });
}

function settle(
  call: Evaluation,
  { f, activation, plane }: ElementwiseStep,
  out: Extent,
  operands: readonly Extent[],
): ElementwiseRun | undefined {
  const { extents, length, places } = rowsOf(out, operands);
  if (extents.length > ELEMENTWISE_AXES) return undefined;
  const [x, other] = places;
  return call.elementwise({
    f,
    activation: activation ?? IDENTITY,
    extents,
    length,
    x: x!,
    other: operands.length > 1 ? other : undefined,
    y: places.at(-1)!,
    ...(plane === undefined ? {} : { plane }),
    ...(out.layout !== undefined && out.dims[0] === 1 ? { height: out.dims[2]! } : {}),
    threads: call.threads,
  });
}

/** The first input that may be overwritten by, and is laid out as, a result of `dims`. */
export function overwritten(
  call: Evaluation,
  operands: readonly RunTensor[],
  dims: readonly number[],
): number | undefined {
  const index = operands.findIndex(
    (each, i) =>
      sameDims(each.dims, dims) && sameLayout(each.layout, call.layout) && call.canOverwrite(i),
  );
  return index < 0 ? undefined : index;
}

/** A run in the form of Repeatable, with the second operand as the second tensor. */
export function repeated(run: ElementwiseRun): RepeatedRun {
  return (x, other, y) =>
    run(x as Float32Array, other as Float32Array | undefined, y as Float32Array);
}
