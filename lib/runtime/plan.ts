import { ConvfuseError } from '../errors.js';
import type { Activation } from '../backend/activation.js';
import type { BlockedLayout } from '../backend/layout.js';
import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { checkArity, type Inference } from '../ops/infer.js';
import { operatorOf } from '../ops/index.js';
import type { Operator, RunTensor } from '../ops/operator.js';
import { isFloatType } from '../tensor/dtype.js';
import { capturesOf, dependenciesOf } from './captures.js';
import type { Constants } from './constants.js';
import { meaningOf } from './functions.js';
import { planLayouts, type Blocks } from './layouts.js';
import { mergeInto, type Merged } from './merge.js';
import { executionOrder } from './order.js';

/** One step: a node, with what was merged into it. Values are numbered slots, -1 for none. */
export interface Step {
  readonly node: Node;
  readonly operator: Operator;
  readonly absorbed: readonly Node[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Inputs that are the same tensor in every run. */
  readonly constantInputs: readonly boolean[];
  readonly activation: Activation | undefined;
  readonly residual: number;
  /** Where output 0 lies in blocks. */
  readonly layout: BlockedLayout | undefined;
  /** Slots that nobody reads after this step. */
  readonly release: readonly number[];
}

/** How a graph is run, for one set of input shapes. */
export interface Plan {
  readonly graph: Graph;
  readonly steps: readonly Step[];
  readonly slots: ReadonlyMap<Value, number>;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Values of outer graphs, and the slots they go to. */
  readonly captures: readonly { readonly value: Value; readonly slot: number }[];
  readonly constants: ReadonlyMap<number, RunTensor>;
}

/**
 * Plans a graph: constants are computed now, once; nodes behind a convolution are merged into it;
 * every value is released after its last use.
 *
 * @param fed inputs that each run provides, though they have an initializer
 * @param blocks where activations may lie in blocks: shapes are the same in every run then
 * @throws ConvfuseError ERR_UNSUPPORTED, ERR_MODEL, ERR_ARGUMENT
 */
export function planGraph(
  graph: Graph,
  inference: Inference,
  store: Constants,
  fed: ReadonlySet<Value>,
  blocks?: Blocks,
): Plan {
  return new Planner(graph, inference, store, fed).plan(blocks);
}

interface Draft {
  readonly node: Node;
  readonly operator: Operator;
  readonly merged: Merged | undefined;
}

class Planner {
  readonly #graph: Graph;
  readonly #inference: Inference;
  readonly #store: Constants;
  readonly #fed: ReadonlySet<Value>;
  readonly #slots = new Map<Value, number>();
  readonly #constants = new Map<number, RunTensor>();

  constructor(graph: Graph, inference: Inference, store: Constants, fed: ReadonlySet<Value>) {
    this.#graph = graph;
    this.#inference = inference;
    this.#store = store;
    this.#fed = fed;
  }

  plan(blocks: Blocks | undefined): Plan {
    const captured = this.#graph.kind === 'body' ? capturesOf(this.#graph) : [];
    const captures = captured.map((value) => ({ value, slot: this.#slot(value) }));
    const inputs = this.#graph.inputs.map((value) => this.#slot(value));
    const drafts = this.#drafts();
    const outputs = this.#graph.outputs.map((value) => {
      this.#noteConstant(value);
      return this.#slot(value);
    });
    const layouts = blocks && planLayouts(drafts, this.#inference, blocks);
    const steps = this.#lifetimes(drafts, outputs, layouts);
    return {
      graph: this.#graph,
      steps,
      slots: this.#slots,
      inputs,
      outputs,
      captures,
      constants: this.#constants,
    };
  }

  #slot(value: Value): number {
    const found = this.#slots.get(value);
    if (found !== undefined) return found;
    const slot = this.#slots.size;
    this.#slots.set(value, slot);
    return slot;
  }

  /** The steps in order, constants left out and merged nodes gone into their hosts. */
  #drafts(): Draft[] {
    const order = executionOrder(this.#graph);
    const position = new Map(order.map((node, at) => [node, at]));
    const drafts = new Map<number, Draft>();
    const taken = new Set<Node>();
    for (const node of order) {
      if (taken.has(node)) continue;
      const operator = meaningOf(node);
      if (operator === undefined) {
        throw new ConvfuseError('ERR_UNSUPPORTED', `operator ${node.opType} of ${node.label}`);
      }
      checkArity(node, operator);
      if (this.#fold(node, operator)) continue;
      const merged = mergeInto(node, operator, this.#inference, taken);
      for (const absorbed of merged?.absorbed ?? []) taken.add(absorbed);
      // A merged step runs where its last node stood: there all that it reads is known.
      const last = merged?.absorbed.at(-1) ?? node;
      drafts.set(position.get(last)!, { node, operator, merged });
    }
    return [...drafts].sort(([a], [b]) => a - b).map(([, draft]) => draft);
  }

  /** Whether the node's outputs are constants, which are then in place. */
  #fold(node: Node, operator: Operator): boolean {
    // Shapes: known from inference, without the tensors that they were taken from.
    const known = node.namedOutputs.every((output) => {
      const { constant, type } = this.#inference.facts(output);
      return constant !== undefined && type !== undefined && !isFloatType(type);
    });
    if (known && node.namedOutputs.length > 0) {
      for (const output of node.namedOutputs) {
        const { constant } = this.#inference.facts(output);
        this.#constants.set(this.#slot(output), this.#store.convert(constant!));
      }
      return true;
    }
    // What runs a graph of its own is left to the run.
    if (operator !== operatorOf(node) || [...node.subgraphs()].length > 0) return false;
    const inputs: (RunTensor | undefined)[] = [];
    for (const input of node.inputs) {
      const tensor = input && this.#noteConstant(input);
      if (input !== undefined && tensor === undefined) return false;
      inputs.push(tensor);
    }
    const results = this.#store.fold(node, inputs);
    node.outputs.forEach((output, i) => {
      if (output !== undefined) this.#constants.set(this.#slot(output), results[i]!);
    });
    return true;
  }

  /** The tensor of a value that is constant in this plan; it is put in its slot. */
  #noteConstant(value: Value): RunTensor | undefined {
    const slot = this.#slot(value);
    const found = this.#constants.get(slot);
    if (found !== undefined || value.initializer === undefined || this.#fed.has(value))
      return found;
    // An initializer of a body's input is only a default for it, and always replaced.
    if (value.isInput && value.graph.kind !== 'main') return undefined;
    const tensor = this.#store.initializer(value);
    this.#constants.set(slot, tensor);
    return tensor;
  }

  #lifetimes(
    drafts: readonly Draft[],
    outputs: readonly number[],
    layouts: ReadonlyMap<Value, BlockedLayout> | undefined,
  ): Step[] {
    const kept = new Set(outputs);
    const lastUse = new Map<number, number>();
    const reads = drafts.map(({ node, merged }) => {
      const values = new Set(dependenciesOf(node));
      if (merged?.residual !== undefined) values.add(merged.residual);
      return [...values].map((value) => {
        this.#noteConstant(value);
        return this.#slot(value);
      });
    });
    const writes = drafts.map(({ node, merged }) =>
      merged === undefined
        ? node.outputs.map((output) => (output === undefined ? -1 : this.#slot(output)))
        : [this.#slot(merged.output)],
    );
    drafts.forEach((_, at) => {
      for (const slot of [...reads[at]!, ...writes[at]!]) lastUse.set(slot, at);
    });
    const releases: number[][] = drafts.map(() => []);
    for (const [slot, at] of lastUse) {
      if (slot >= 0 && !kept.has(slot) && !this.#constants.has(slot)) releases[at]!.push(slot);
    }
    return drafts.map(({ node, operator, merged }, at) => {
      const inputs = node.inputs.map((input) => (input === undefined ? -1 : this.#slot(input)));
      return {
        node,
        operator,
        absorbed: merged?.absorbed ?? [],
        inputs,
        outputs: writes[at]!,
        constantInputs: inputs.map((slot) => this.#constants.has(slot)),
        activation: merged?.activation,
        residual: merged?.residual === undefined ? -1 : this.#slot(merged.residual),
        layout: layouts?.get(merged?.output ?? node.output(0)),
        release: releases[at]!,
      };
    });
  }
}
