import type { Graph } from './graph.js';
import type { Model } from './model.js';
import type { Node } from './node.js';
import type { Value } from './value.js';
import { constantOfNode } from './view.js';

/** Collects values that lost their last use to an edit, and removes those that are still unused. */
export class Sweeper {
  /** Bytes of the removed constants. */
  removedBytes = 0;
  readonly #model: Model;
  readonly #remove: (node: Node) => void;
  readonly #orphans = new Set<Value>();

  constructor(model: Model, remove: (node: Node) => void) {
    this.#model = model;
    this.#remove = remove;
  }

  dropUse(value: Value | undefined, node: Node): void {
    if (value === undefined) return;
    const count = value.uses.get(node) ?? 0;
    if (count > 1) value.uses.set(node, count - 1);
    else value.uses.delete(node);
    if (value.uses.size === 0) this.#orphans.add(value);
  }

  countRemoved(node: Node): void {
    if (node.is('Constant')) this.removedBytes += constantOfNode(node)?.byteLength ?? 0;
  }

  sweep(): void {
    const gone = new Map<Graph, Set<Value>>();
    // Removing a node adds its inputs to the set during this walk, which then visits them too.
    for (const value of this.#orphans) {
      this.#orphans.delete(value);
      if (value.uses.size > 0 || value.isOutput || value.pinned !== undefined) continue;
      const { producer } = value;
      if (producer !== undefined) {
        if (isUnusedSource(producer)) this.#remove(producer);
      } else if (value.initializer !== undefined && this.#mayGo(value)) {
        this.#model.markChanged();
        this.removedBytes += value.initializer.byteLength;
        value.graph.values.delete(value.name);
        if (value.isInput) {
          const { graph } = value;
          gone.set(graph, (gone.get(graph) ?? new Set<Value>()).add(value));
        }
      }
    }
    for (const [graph, values] of gone) {
      graph.inputs = graph.inputs.filter((input) => !values.has(input));
    }
  }

  /**
   * Whether an initializer may be removed. One that is also an input may only where callers cannot
   * override it.
   */
  #mayGo(value: Value): boolean {
    if (!value.isInput) return true;
    const { irVersion, constantInitializers } = this.#model;
    return value.graph.kind === 'main' && (irVersion < 4 || constantInitializers);
  }
}

/**
 * Operators that make, reshape or compute constants. An unused one can go, since it has no effect.
 */
const SOURCES = new Set(
  [
    ['Constant', 'ConstantOfShape', 'Identity', 'Cast', 'Shape', 'DequantizeLinear'],
    ['Reshape', 'Unsqueeze', 'Squeeze', 'Flatten', 'Transpose', 'Expand', 'Concat', 'Slice'],
    ['Split', 'Gather', 'Add', 'Sub', 'Mul', 'Div', 'Neg', 'Sqrt', 'Reciprocal', 'Pow'],
  ].flat(),
);

function isUnusedSource(node: Node): boolean {
  return (
    !node.removed &&
    node.pinned === undefined &&
    SOURCES.has(node.opType) &&
    node.is(node.opType) &&
    node.namedOutputs.every(
      (out) => out.uses.size === 0 && !out.isOutput && out.pinned === undefined,
    )
  );
}
