import { ConvfuseError } from '../errors.js';
import { constantOf, type Constant } from '../ir/constant.js';
import type { Node } from '../ir/node.js';
import type { Dim, Value } from '../ir/value.js';
import { isOverridable } from '../ir/view.js';
import { elementCount } from '../tensor/shape.js';
import { evaluateConstants } from './evaluate.js';
import { knownDims, MAX_SMALL, UNKNOWN } from './facts.js';
import { operatorOf } from './index.js';
import type { Operator, ValueFacts } from './operator.js';
import { int64Vector } from './run-tensor.js';
import { nodeError } from './schema.js';

export interface InferenceOptions {
  /** Dimensions of inputs of the main graph, by name. They override what the file declares. */
  readonly inputDims?: ReadonlyMap<string, readonly number[]>;
  /** The number that replaces an unknown first dimension of an input. */
  readonly unknownBatch?: number;
  /** Use the file's declarations where nothing can be inferred. Files are sometimes wrong. */
  readonly declarations?: boolean;
  /** Give nodes that violate their operator's rules unknown outputs instead of throwing. */
  readonly lenient?: boolean;
  /** Initializers that the caller replaces, whose elements are thus unknown. */
  readonly overridden?: ReadonlySet<Value>;
}

/**
 * Types and shapes of a model's values, computed on demand and cached. A query takes time linear in
 * the nodes that it depends on. Nodes that an editor adds later are handled too.
 */
export class Inference {
  readonly #options: InferenceOptions;
  readonly #known = new Map<Value, ValueFacts>();

  constructor(options: InferenceOptions = {}) {
    this.#options = options;
  }

  /** @throws ConvfuseError unless lenient: what the operators' shape rules throw */
  facts(value: Value): ValueFacts {
    const found = this.#known.get(value);
    if (found !== undefined) return found;
    if (!this.#resolveNear(value)) this.#resolve(value);
    return this.#known.get(value) ?? UNKNOWN;
  }

  /** Facts of a node's inputs, in order. */
  inputs(node: Node): (ValueFacts | undefined)[] {
    return node.inputs.map((input) => input && this.facts(input));
  }

  /** Facts of a node's outputs, in order. */
  outputs(node: Node): ValueFacts[] {
    return node.outputs.map((output) => (output === undefined ? UNKNOWN : this.facts(output)));
  }

  /** Resolves a value if all inputs of its producer are known, as they are in graph order. */
  #resolveNear(value: Value): boolean {
    const { producer } = value;
    if (producer === undefined) {
      this.#known.set(value, this.#sourceFacts(value));
      return true;
    }
    for (const input of producer.inputs) {
      if (input === undefined || this.#known.has(input)) continue;
      if (input.producer !== undefined) return false;
      this.#known.set(input, this.#sourceFacts(input));
    }
    this.#inferNode(producer);
    return true;
  }

  /** Resolves producers with an explicit stack, since graphs may be deeper than call stacks. */
  #resolve(start: Value): void {
    const stack: Value[] = [start];
    const open = new Set<Value>();
    for (let value = stack.at(-1); value !== undefined; value = stack.at(-1)) {
      const producer = value.producer;
      if (this.#known.has(value)) {
        stack.pop();
      } else if (producer === undefined) {
        this.#known.set(value, this.#sourceFacts(value));
      } else {
        const missing = producer.inputs.filter(
          (input) => input !== undefined && !this.#known.has(input) && !open.has(input),
        );
        open.add(value);
        if (missing.length > 0) {
          for (const input of missing) stack.push(input!);
        } else {
          this.#inferNode(producer);
          // The producer no longer lists this value; it must get facts all the same.
          if (!this.#known.has(value)) this.#known.set(value, UNKNOWN);
        }
      }
    }
  }

  /** Graph inputs and initializers. */
  #sourceFacts(value: Value): ValueFacts {
    const { initializer, declaration, name } = value;
    const main = value.graph.kind === 'main';
    const given = main && value.isInput ? this.#options.inputDims?.get(name) : undefined;
    if (initializer !== undefined) {
      const { type, dims } = initializer;
      const fixed = !isOverridable(value) || this.#assumedConstant(value);
      return fixed ? { type, dims, constant: initializer } : { type, dims: given ?? dims };
    }
    if (given !== undefined) return { type: declaration?.type, dims: given };
    const dims = declaration?.dims?.map((dim, axis): Dim => {
      if (typeof dim === 'number') return dim;
      if (axis === 0 && main && this.#options.unknownBatch !== undefined) {
        return this.#options.unknownBatch;
      }
      // An unnamed size gets a symbol of its own, so that its copies are known to be equal.
      return dim ?? `${name}#${axis}`;
    });
    return { type: declaration?.type, dims };
  }

  /**
   * Whether an initializer counts as constant: the caller named the replaced ones, not this one.
   */
  #assumedConstant(value: Value): boolean {
    const { overridden } = this.#options;
    return overridden !== undefined && value.graph.kind === 'main' && !overridden.has(value);
  }

  #inferNode(node: Node): void {
    const operator = operatorOf(node);
    let results: readonly ValueFacts[] = [];
    if (operator?.infer !== undefined) {
      try {
        checkArity(node, operator);
        const inputs = node.inputs.map((input) => input && (this.#known.get(input) ?? UNKNOWN));
        results = complete(node, operator, inputs, operator.infer(node, inputs));
      } catch (error) {
        if (!(error instanceof ConvfuseError) || this.#options.lenient !== true) throw error;
      }
    }
    node.outputs.forEach((output, i) => {
      if (output === undefined) return;
      this.#known.set(output, this.#withDeclaration(output, results[i] ?? UNKNOWN));
    });
  }

  #withDeclaration(value: Value, facts: ValueFacts): ValueFacts {
    const { declaration } = value;
    if (this.#options.declarations !== true || declaration === undefined) return facts;
    if (facts.type !== undefined && facts.dims !== undefined) return facts;
    return { ...facts, type: facts.type ?? declaration.type, dims: facts.dims ?? declaration.dims };
  }
}

/** Checks the numbers of inputs and outputs. @throws ConvfuseError ERR_MODEL */
export function checkArity(node: Node, operator: Operator): void {
  checkCount(node, node.inputs.length, operator.inputs, 'inputs');
  checkCount(node, node.outputs.length, operator.outputs, 'outputs');
}

function checkCount(
  node: Node,
  count: number,
  [least, most]: readonly [number, number],
  what: string,
): void {
  if (count >= least && count <= most) return;
  throw nodeError(node, 'ERR_MODEL', `it has ${count} ${what}, expected ${least} to ${most}`);
}

/** Adds the elements of small outputs where all inputs are known. */
function complete(
  node: Node,
  operator: Operator,
  inputs: readonly (ValueFacts | undefined)[],
  outputs: readonly ValueFacts[],
): readonly ValueFacts[] {
  const fromElements = outputs.map(withElements);
  if (fromElements.every(({ constant }) => constant !== undefined)) return fromElements;
  const foldable =
    operator.macs === undefined &&
    inputs.length > 0 &&
    inputs.every((input) => input === undefined || isSmall(input.constant)) &&
    outputs.every((output) => knownDims(output) && elementCount(knownDims(output)!) <= MAX_SMALL);
  if (!foldable) return fromElements;
  const constants = inputs.map((input) => input?.constant);
  try {
    return evaluateConstants(node, constants, 'float32').map((tensor) => ({
      type: tensor.type,
      dims: tensor.dims,
      constant: constantOf(tensor),
    }));
  } catch (error) {
    // The shape is known even where the operator cannot be evaluated here.
    if (error instanceof ConvfuseError && error.code === 'ERR_UNSUPPORTED') return fromElements;
    throw error;
  }
}

function isSmall(constant: Constant | undefined): boolean {
  return constant !== undefined && elementCount(constant.dims) <= MAX_SMALL;
}

/** Makes a constant where all whole-number elements are known. */
function withElements(facts: ValueFacts): ValueFacts {
  const { elements, constant, type, dims } = facts;
  if (constant !== undefined || elements === undefined) return facts;
  if (type !== 'int64' || !elements.every((element) => typeof element === 'number')) return facts;
  const tensor = int64Vector(elements);
  const shape = dims?.length === 0 ? [] : [elements.length];
  return { ...facts, dims: shape, constant: constantOf({ ...tensor, dims: shape }) };
}
