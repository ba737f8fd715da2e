import type { Activation } from '../backend/activation.js';
import type { BlockedLayout } from '../backend/layout.js';
import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { knownDims } from '../ops/facts.js';
import type { Inference } from '../ops/infer.js';
import type { Operator, RunTensor } from '../ops/operator.js';
import { capturesOf, dependenciesOf } from './captures.js';
import { Chains } from './chains.js';
import type { Constants } from './constants.js';
import { Drafts, stepInputs } from './drafts.js';
import type { Blocks } from './layout-members.js';
import { planLayouts } from './layouts.js';
import { placesOf, type Place } from './places.js';
import type { Movement, Repetition } from './repetition.js';

/** One step: a node with the nodes merged into it. Values are numbered slots; -1 means none. */
export interface Step {
  readonly node: Node;
  readonly operator: Operator;
  readonly absorbed: readonly Node[];
  /** The node's inputs; where a bias was merged, it is input 2. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** By input: whether it is the same tensor in every run. */
  readonly constantInputs: readonly boolean[];
  readonly activation: Activation | undefined;
  readonly residual: number;
  /** By output: its layout, where it lies in blocks. */
  readonly layouts: readonly (BlockedLayout | undefined)[];
  /** Slots that nobody reads after this step. */
  readonly release: readonly number[];
}

/** How a graph is run for one set of input shapes. */
export interface Plan {
  readonly graph: Graph;
  readonly steps: readonly Step[];
  readonly slots: ReadonlyMap<Value, number>;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Values of outer graphs that this graph reads, and their slots here. */
  readonly captures: readonly { readonly value: Value; readonly slot: number }[];
  /** By slot: the tensors that are known before a run. */
  readonly constants: readonly (RunTensor | undefined)[];
  /** By step. The first run fills them in for later ones. */
  readonly repetitions: (Repetition | undefined)[];
  readonly movements: (Movement | undefined)[];
  readonly chains: Chains;
  /** By slot: values that lie in the memory of another value. */
  readonly places: ReadonlyMap<number, Place>;
}

/**
 * Plans a graph: computes constants once, merges nodes into the convolution or product before them,
 * and releases every value after its last use.
 *
 * @param fed inputs that each run provides, including those with an initializer
 * @param blocks given where values may lie in blocks; shapes must then be the same in every run
 * @throws ConvfuseError ERR_UNSUPPORTED, ERR_MODEL, ERR_ARGUMENT
 */
export function planGraph(
  graph: Graph,
  inference: Inference,
  store: Constants,
  fed: ReadonlySet<Value>,
  blocks?: Blocks,
): Plan {
  return new Planner(graph, new Drafts(graph, inference, store, fed)).plan(inference, blocks);
}

class Planner {
  readonly #graph: Graph;
  readonly #drafts: Drafts;
  readonly #slots = new Map<Value, number>();

  constructor(graph: Graph, drafts: Drafts) {
    this.#graph = graph;
    this.#drafts = drafts;
  }

  plan(inference: Inference, blocks: Blocks | undefined): Plan {
    const captured = this.#graph.kind === 'body' ? capturesOf(this.#graph) : [];
    const captures = captured.map((value) => ({ value, slot: this.#slot(value) }));
    const inputs = this.#graph.inputs.map((value) => this.#slot(value));
    const outputs = this.#graph.outputs.map((value) => this.#read(value));
    const layouts = blocks && planLayouts(this.#drafts.steps, inference, blocks);
    const steps = this.#lifetimes(outputs, layouts);
    const constants = new Array<RunTensor | undefined>(this.#slots.size).fill(undefined);
    for (const [value, tensor] of this.#drafts.constants) constants[this.#slot(value)] = tensor;
    const values = { slots: this.#slots, inputs, outputs, captures, constants };
    const repetitions = new Array<Repetition | undefined>(steps.length).fill(undefined);
    const movements = new Array<Movement | undefined>(steps.length).fill(undefined);
    const chains = new Chains(steps, repetitions);
    const bySlot = [...this.#slots.keys()];
    const places = placesOf(steps, (slot) => knownDims(inference.facts(bySlot[slot]!)));
    return { graph: this.#graph, steps, ...values, repetitions, movements, chains, places };
  }

  #slot(value: Value): number {
    const found = this.#slots.get(value);
    if (found !== undefined) return found;
    const slot = this.#slots.size;
    this.#slots.set(value, slot);
    return slot;
  }

  /**
   * The slot of a value that is read. If the value is a constant, its tensor becomes part of the
   * plan.
   */
  #read(value: Value): number {
    this.#drafts.constant(value);
    return this.#slot(value);
  }

  #lifetimes(
    outputs: readonly number[],
    layouts: ReadonlyMap<Value, BlockedLayout> | undefined,
  ): Step[] {
    const { steps, constants } = this.#drafts;
    const kept = new Set(outputs);
    const lastUse = new Map<number, number>();
    const reads = steps.map(({ node, merged }) => {
      const values = new Set(dependenciesOf(node));
      for (const value of [merged?.bias, merged?.residual]) if (value) values.add(value);
      return [...values].map((value) => this.#read(value));
    });
    const results = steps.map(({ node, merged }) => (merged ? [merged.output] : node.outputs));
    const writes = results.map((outputs) =>
      outputs.map((output) => (output === undefined ? -1 : this.#slot(output))),
    );
    steps.forEach((_, at) => {
      for (const slot of [...reads[at]!, ...writes[at]!]) lastUse.set(slot, at);
    });
    for (const value of constants.keys()) kept.add(this.#slot(value));
    const releases: number[][] = steps.map(() => []);
    for (const [slot, at] of lastUse) {
      if (slot >= 0 && !kept.has(slot)) releases[at]!.push(slot);
    }
    return steps.map(({ node, operator, merged }, at) => ({
      node,
      operator,
      absorbed: merged?.absorbed ?? [],
      inputs: stepInputs(steps[at]!).map((input) => (input ? this.#slot(input) : -1)),
      outputs: writes[at]!,
      constantInputs: stepInputs(steps[at]!).map((input) => !!input && constants.has(input)),
      activation: merged?.activation,
      residual: merged?.residual === undefined ? -1 : this.#slot(merged.residual),
      layouts: results[at]!.map((output) => output && layouts?.get(output)),
      release: releases[at]!,
    }));
  }
}
