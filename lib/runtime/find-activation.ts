// Finds the activation applied to a value: one node, or several that together compute it.

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
  /** The nodes that the activation replaces, in order; the output of the last is its result. */
  readonly nodes: readonly Node[];
  readonly activation: Activation;
}

/** A limit: more nodes than any known formula needs. GELU in its tanh form has ten. */
const MAX_NODES = 16;
/** A limit: more readers than any value within such a formula has. */
const MAX_USES = 4;

/**
 * The relative error allowed in the numbers of a formula. float32: numbers written with five digits
 * (1.4142 for the root of 2). 16-bit floats: the rounding of a product of two. The error that this
 * admits in a GELU is below the rounding of the stored type.
 */
const TOLERANCE = { float32: 1e-5, float16: 2 ** -10, bfloat16: 2 ** -7 } as const;

/**
 * The activation behind `value`. Nothing else may read `value` or the values in between.
 *
 * @param free whether a node may be taken
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

/** A growing set of nodes that compute a formula of one value. */
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

  /** Adds node after node, until their formula is a known activation. */
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

  /** The next node whose inputs all have known formulas, and its own formula. */
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

  /** Whether nodes of the region are the only readers of all its values but this node's output. */
  #isClosedBy(last: Node): boolean {
    const output = last.output(0);
    return [...this.#formulas.keys()].every(
      (value) =>
        value === output ||
        (mayVanish(value) && [...value.uses.keys()].every((node) => this.#nodes.has(node))),
    );
  }

  /**
   * An operand: a value with a known formula, or a constant of one element whose rank does not
   * extend the shape of the other operand.
   */
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

/** Whether a value is no graph output, not pinned, and has few readers. */
function mayVanish({ isOutput, pinned, uses }: Value): boolean {
  return !isOutput && pinned === undefined && uses.size <= MAX_USES;
}
