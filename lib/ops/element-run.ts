// Element-wise arithmetic by the backend, where it has it for such elements.

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

/** Below this many elements a loop is done before all is said to the addon that it has to know. */
const FEWEST = 64;

/** What is done to the operands. */
export interface ElementwiseStep {
  readonly f: ElementwiseFunction;
  readonly activation?: Activation | undefined;
  /** Of `normalise`, where the second operand has the dimensions of one of its three parts. */
  readonly plane?: number;
}

/** An arithmetic that was settled for some operands. */
interface Settled {
  readonly activation: Activation | undefined;
  readonly operands: readonly Extent[];
  readonly layout: BlockedLayout | undefined;
  readonly run: ElementwiseRun | undefined;
}

/** What is kept of a node from run to run. */
export interface KeptElementwise {
  last?: Settled;
  /** Of a batch norm: what `normalise` takes, and whether float32 holds it. */
  norm?: { readonly parameters: Float32Array; readonly held: boolean };
}

/**
 * The backend's way to compute a tensor of `dims` from float32 operands, in blocks where the step is
 * to give blocks; undefined where the operator's own loop is to do it.
 *
 * @param keeps whether every run of the node asks for this, and nothing else
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
  // What is kept is said once, and repeated at once.
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
  // Plans for other shapes may have merged more into a node, or less.
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
    threads: call.threads,
  });
}

/** The first input that may be overwritten, and that a result of `dims` lies like. */
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

/** As Repeatable has it: the second tensor is the second operand. */
export function repeated(run: ElementwiseRun): RepeatedRun {
  return (x, other, y) =>
    run(x as Float32Array, other as Float32Array | undefined, y as Float32Array);
}
