import { ConvfuseError } from '../errors.js';
import type { Model } from '../ir/model.js';
import type { Value } from '../ir/value.js';
import { knownDims, UNKNOWN } from '../ops/facts.js';
import { Inference } from '../ops/infer.js';
import { elementBytes } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import { PLACEHOLDERS } from './constants.js';
import { planGraph, type Step } from './plan.js';

/** What running a model once costs. undefined where shapes or operators are not known. */
export interface RunCosts {
  readonly macs: number | undefined;
  /** Steps of the plan that move data. */
  readonly launches: number | undefined;
  /** Bytes that those steps read and write. */
  readonly trafficBytes: number | undefined;
}

const UNKNOWN_COSTS: RunCosts = { macs: undefined, launches: undefined, trafficBytes: undefined };

/**
 * The costs of one run, for inputs of the given shapes; unknown first dimensions count as 1.
 * Weights are not read. What is nested in If and Loop counts as one step.
 */
export function runCosts(
  model: Model,
  inputDims: ReadonlyMap<string, readonly number[]> = new Map(),
): RunCosts {
  const inference = new Inference({ inputDims, unknownBatch: 1, overridden: new Set() });
  try {
    const plan = planGraph(model.graph, inference, PLACEHOLDERS, new Set());
    const bytes = new Map(
      [...plan.slots].map(([value, slot]) => [slot, bytesOf(value, inference)]),
    );
    const costs = plan.steps.map((step) => stepCosts(step, bytes, inference));
    return {
      macs: total(costs.map(({ macs }) => macs)),
      launches: costs.filter(({ bytes }) => bytes !== 0).length,
      trafficBytes: total(costs.map(({ bytes }) => bytes)),
    };
  } catch (error) {
    if (error instanceof ConvfuseError) return UNKNOWN_COSTS;
    throw error;
  }
}

function total(parts: readonly (number | undefined)[]): number | undefined {
  return parts.every((part) => part !== undefined)
    ? parts.reduce((sum, part) => sum + part, 0)
    : undefined;
}

function stepCosts(
  { node, operator, inputs, outputs, residual }: Step,
  bytesOfSlot: ReadonlyMap<number, number | undefined>,
  inference: Inference,
): { readonly macs: number | undefined; readonly bytes: number | undefined } {
  const before = inference.inputs(node).map((facts) => facts ?? UNKNOWN);
  const after = inference.outputs(node);
  const shaped = after.every((facts, i) => node.outputs[i] === undefined || knownDims(facts));
  const macs = operator.macs === undefined ? 0 : operator.macs(node, before, after);
  const slots = new Set([...inputs, ...outputs, residual].filter((slot) => slot >= 0));
  return {
    macs: shaped ? macs : undefined,
    bytes: operator.view === true ? 0 : total([...slots].map((slot) => bytesOfSlot.get(slot))),
  };
}

/** Bytes of a value; undefined where its type or shape is unknown. */
export function bytesOf(value: Value, inference: Inference): number | undefined {
  const facts = inference.facts(value);
  const dims = knownDims(facts);
  if (dims === undefined || facts.type === undefined) return undefined;
  return elementCount(dims) * elementBytes(facts.type);
}
