import { ConvfuseError } from '../errors.js';
import type { Model } from '../ir/model.js';
import type { Value } from '../ir/value.js';
import { knownDims, UNKNOWN } from '../ops/facts.js';
import { Inference } from '../ops/infer.js';
import { elementBytes } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import { PLACEHOLDERS } from './constants.js';
import { distinct } from './distinct.js';
import { Drafts, stepInputs, type Draft } from './drafts.js';

/** The cost of one run of a model; undefined where shapes or operators are not known. */
export interface RunCosts {
  readonly macs: number | undefined;
  /** Steps of the plan that move data. */
  readonly launches: number | undefined;
  /** Bytes that those steps read and write. */
  readonly trafficBytes: number | undefined;
}

const UNKNOWN_COSTS: RunCosts = { macs: undefined, launches: undefined, trafficBytes: undefined };

/**
 * The costs of one run for inputs of the given shapes; unknown first dimensions count as 1. Weights
 * are not read. A node with bodies (If, Loop) counts as one step.
 */
export function runCosts(
  model: Model,
  inputDims: ReadonlyMap<string, readonly number[]> = new Map(),
): RunCosts {
  const inference = new Inference({ inputDims, unknownBatch: 1, overridden: new Set() });
  try {
    const { steps } = new Drafts(model.graph, inference, PLACEHOLDERS, new Set());
    let [macs, launches, trafficBytes]: (number | undefined)[] = [0, 0, 0];
    for (const step of steps) {
      const bytes = trafficOf(step, inference);
      macs = sum(macs, macsOf(step, inference));
      trafficBytes = sum(trafficBytes, bytes);
      if (bytes !== 0) launches! += 1;
    }
    return { macs, launches, trafficBytes };
  } catch (error) {
    if (error instanceof ConvfuseError) return UNKNOWN_COSTS;
    throw error;
  }
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

function macsOf({ node, operator }: Draft, inference: Inference): number | undefined {
  const after = inference.outputs(node);
  const shaped = after.every((facts, i) => node.outputs[i] === undefined || knownDims(facts));
  if (operator.macs === undefined) return shaped ? 0 : undefined;
  const before = inference.inputs(node).map((facts) => facts ?? UNKNOWN);
  const macs = operator.macs(node, before, after);
  return shaped ? macs : undefined;
}

/** Bytes of everything that a step reads and writes, each once. */
function trafficOf(step: Draft, inference: Inference): number | undefined {
  const { node, operator, merged } = step;
  if (operator.view === true) return 0;
  const outputs = merged === undefined ? node.outputs : [merged.output];
  let bytes: number | undefined = 0;
  for (const value of distinct([...stepInputs(step), ...outputs, merged?.residual])) {
    bytes = sum(bytes, bytesOf(value, inference));
  }
  return bytes;
}

/** Bytes of a value; undefined where its type or shape is unknown. */
export function bytesOf(value: Value, inference: Inference): number | undefined {
  const facts = inference.facts(value);
  const dims = knownDims(facts);
  if (dims === undefined || facts.type === undefined) return undefined;
  return elementCount(dims) * elementBytes(facts.type);
}
