import { ConvfuseError } from '../errors.js';
import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { operatorOf } from '../ops/index.js';
import { checkArity, type Inference } from '../ops/infer.js';
import type { Operator, RunTensor } from '../ops/operator.js';
import { isFloatType } from '../tensor/dtype.js';
import type { Constants } from './constants.js';
import { meaningOf } from './functions.js';
import { mergeInto, type Merged } from './merge.js';
import { executionOrder } from './order.js';

/**
 * The longest chain of nodes of outer graphs that is computed for a constant of a body. Weights that are
 * reordered on their way to a layer take four or five nodes.
 */
const MAX_DEPTH = 32;

/** A future step: a node, with the nodes that are merged into it. */
export interface Draft {
  readonly node: Node;
  readonly operator: Operator;
  readonly merged: Merged | undefined;
}

/** The inputs of the step: those of the node, and a merged bias as input 2. */
export function stepInputs({ node, merged }: Draft): readonly (Value | undefined)[] {
  const { inputs } = node;
  return merged?.bias === undefined ? inputs : [inputs[0], inputs[1], merged.bias];
}

/** The steps of a graph's runs, before slots, layouts and lifetimes are assigned. */
export class Drafts {
  /** In execution order, without constant nodes and nodes merged into a host. */
  readonly steps: readonly Draft[];
  /** Tensors of values that are the same in every run, as far as steps have asked for them. */
  readonly constants = new Map<Value, RunTensor>();
  readonly #inference: Inference;
  readonly #store: Constants;
  readonly #fed: ReadonlySet<Value>;
  readonly #graph: Graph;
  /** Values of outer graphs that are known not to be constants. */
  readonly #variable = new Set<Value>();

  /**
   * @param fed inputs that each run provides, including those with an initializer
   * @throws ConvfuseError ERR_UNSUPPORTED, ERR_MODEL, ERR_ARGUMENT
   */
  constructor(graph: Graph, inference: Inference, store: Constants, fed: ReadonlySet<Value>) {
    this.#graph = graph;
    this.#inference = inference;
    this.#store = store;
    this.#fed = fed;
    this.steps = this.#draft(executionOrder(graph));
  }

  #draft(order: readonly Node[]): Draft[] {
    const steps: Draft[] = [];
    const taken = new Set<Node>();
    /**
     * Merged steps by their last node. They run at its place, where all their inputs have been
     * computed.
     */
    const waiting = new Map<Node, Draft>();
    for (const node of order) {
      if (taken.has(node)) {
        const draft = waiting.get(node);
        if (draft !== undefined) steps.push(draft);
        continue;
      }
      const operator = meaningOf(node);
      if (operator === undefined) {
        throw new ConvfuseError(
          'ERR_UNSUPPORTED',
          `operator ${node.opType} of ${node.label} is not supported`,
        );
      }
      checkArity(node, operator);
      if (this.#fold(node, operator)) continue;
      const merged = mergeInto(node, operator, this.#inference, taken, (value) =>
        this.#isConstant(value),
      );
      const draft = { node, operator, merged };
      if (merged === undefined) steps.push(draft);
      else {
        for (const absorbed of merged.absorbed) taken.add(absorbed);
        waiting.set(merged.absorbed.at(-1)!, draft);
      }
    }
    return steps;
  }

  /**
   * Whether the node's outputs are constants. If so, their tensors are noted.
   *
   * @param depth nodes of outer graphs between this node and the value that was asked for
   */
  #fold(node: Node, operator: Operator, depth = 0): boolean {
    const { namedOutputs } = node;
    // Shape arithmetic: inference knows the result, even where the tensor whose shape was taken
    // varies.
    const known = namedOutputs.every((output) => {
      const { constant, type } = this.#inference.facts(output);
      return constant !== undefined && type !== undefined && !isFloatType(type);
    });
    if (known && namedOutputs.length > 0) {
      for (const output of namedOutputs) {
        const { constant } = this.#inference.facts(output);
        this.constants.set(output, this.#store.convert(constant!));
      }
      return true;
    }
    // Function calls and nodes with bodies are evaluated in the run, not here.
    if (operator !== operatorOf(node) || node.holdsBodies) return false;
    const inputs: (RunTensor | undefined)[] = [];
    for (const input of node.inputs) {
      const tensor = input && this.constant(input, depth);
      if (input !== undefined && tensor === undefined) return false;
      inputs.push(tensor);
    }
    const results = this.#store.fold(node, inputs);
    node.outputs.forEach((output, i) => {
      if (output !== undefined) this.constants.set(output, results[i]!);
    });
    return true;
  }

  /** Whether a value is a constant, even one that is computed later in the file. */
  #isConstant(value: Value): boolean {
    return (
      this.constant(value) !== undefined || this.#inference.facts(value).constant !== undefined
    );
  }

  /** The tensor of a value that is the same in every run. */
  constant(value: Value, depth = 0): RunTensor | undefined {
    const found = this.constants.get(value);
    if (found !== undefined || this.#fed.has(value)) return found;
    if (value.initializer === undefined) return this.#outerConstant(value, depth);
    // An initializer of a body's input is only a default, which the caller always replaces.
    if (value.isInput && value.graph.kind !== 'main') return undefined;
    const tensor = this.#store.initializer(value);
    this.constants.set(value, tensor);
    return tensor;
  }

  /** Like constant(), for the output of a node of an outer graph, whose plan folds the node too. */
  #outerConstant(value: Value, depth: number): RunTensor | undefined {
    const { producer } = value;
    if (producer === undefined || value.graph === this.#graph) return undefined;
    if (depth >= MAX_DEPTH || this.#variable.has(value)) return undefined;
    const operator = meaningOf(producer);
    if (operator !== undefined && this.#fold(producer, operator, depth + 1)) {
      return this.constants.get(value);
    }
    this.#variable.add(value);
    return undefined;
  }
}
