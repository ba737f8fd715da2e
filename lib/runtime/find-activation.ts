// The activation that is applied to a value: one node, or several that spell it out.

import type { Activation } from '../backend/activation.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { hasSingleUse, onlyConsumer } from '../ir/view.js';
import { activationOf } from '../ops/activation-of.js';
import { constantNumbers } from '../ops/facts.js';
import type { Inference } from '../ops/infer.js';
import { activationOfFormula } from './activation-formulas.js';
import { formulaOf, type Operand } from './node-formula.js';
import { X, type Sum } from './polynomial.js';

export interface FoundActivation {
  /** What can be replaced by the activation, in order; the last one's output is its result. */
  readonly nodes: readonly Node[];
  readonly activation: Activation;
}

/** More nodes than any spelling has: GELU in its tanh form has ten. */
const MAX_NODES = 16;
/** More readers than any value has on the way. */
const MAX_USES = 4;

/**
 * How far the numbers of a formula may be from the exact ones, relatively: what is left of them
 * when they are written with five digits (1.4142 for the root of 2), and what a 16-bit float
 * keeps of a product of two. A GELU then differs by less than float32 rounding makes of it.
 */
const TOLERANCE = { float32: 1e-5, float16: 2 ** -10, bfloat16: 2 ** -7 } as const;

/**
 * The activation behind `value`, which nothing else may read, and no value between.
 *
 * @param free whether a node may be part of it
 */
export function findActivation(
  value: Value,
  inference: Inference,
  free: (node: Node) => boolean,
): FoundActivation | undefined {
  const single = hasSingleUse(value) ? onlyConsumer(value) : undefined;
  if (single !== undefined && single.inputs[0] === value && single.outputs.length === 1) {
    const activation = free(single) ? activationOf(single, inference.facts(value).dims) : undefined;
    if (activation !== undefined) return { nodes: [single], activation };
  }
  return new Region(value, inference, free).grow();
}

/** The nodes that compute a formula of one value, and nothing else. */
class Region {
  readonly #inference: Inference;
  readonly #free: (node: Node) => boolean;
  readonly #formulas: Map<Value, Sum>;
  readonly #nodes = new Set<Node>();
  readonly #rank: number;
  #tolerance: number = TOLERANCE.float32;

  constructor(value: Value, inference: Inference, free: (node: Node) => boolean) {
    this.#inference = inference;
    this.#free = free;
    this.#formulas = new Map([[value, X]]);
    this.#rank = inference.facts(value).dims?.length ?? 0;
  }

  /** Takes in node after node, until what it has is an activation. */
  grow(): FoundActivation | undefined {
    while (this.#nodes.size < MAX_NODES) {
      const next = this.#next();
      if (next === undefined) return undefined;
      const [node, formula] = next;
      this.#nodes.add(node);
      this.#formulas.set(node.output(0), formula);
      const activation = this.#isClosedBy(node) && activationOfFormula(formula, this.#tolerance);
      if (activation) return { nodes: [...this.#nodes], activation };
    }
    return undefined;
  }

  /** A node whose inputs are all known by now, and its formula. */
  #next(): readonly [Node, Sum] | undefined {
    for (const value of this.#formulas.keys()) {
      if (!mayVanish(value)) continue;
      for (const node of value.uses.keys()) {
        if (this.#nodes.has(node) || node.graph !== value.graph || !this.#free(node)) continue;
        if (node.outputs.length !== 1 || node.pinned !== undefined) continue;
        const formula = formulaOf(node, (input) => this.#operand(input));
        if (formula !== undefined) return [node, formula];
      }
    }
    return undefined;
  }

  /** Whether everything but this node's output is read by the region alone. */
  #isClosedBy(last: Node): boolean {
    const output = last.output(0);
    return [...this.#formulas.keys()].every(
      (value) =>
        value === output ||
        (mayVanish(value) && [...value.uses.keys()].every((node) => this.#nodes.has(node))),
    );
  }

  /** A formula, or one number that leaves the shape of whatever it meets as it is. */
  #operand(value: Value): Operand {
    const formula = this.#formulas.get(value);
    if (formula !== undefined) return { formula };
    const facts = this.#inference.facts(value);
    const numbers = constantNumbers(facts);
    if (numbers?.length !== 1 || facts.dims!.length > this.#rank) return undefined;
    if (facts.type === 'float16' || facts.type === 'bfloat16') {
      this.#tolerance = Math.max(this.#tolerance, TOLERANCE[facts.type]);
    }
    return { number: numbers[0]! };
  }
}

/** Whether nothing but a few nodes can see a value. */
function mayVanish({ isOutput, pinned, uses }: Value): boolean {
  return !isOutput && pinned === undefined && uses.size <= MAX_USES;
}
