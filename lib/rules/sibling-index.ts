import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { firstRefusal } from '../rewrite/conditions.js';
import type { Condition, Facts } from '../rewrite/rule.js';
import type { LayerMatch } from './guards.js';
import { parametersOf } from './parameter.js';

// An index of the layers that read one value, by what they must share to be merged. A value may
// have a hundred thousand readers, each of which is asked for its siblings.

/** A kind of layers that can be merged. */
export interface SiblingKind {
  readonly operators: readonly string[];
  /** Guards that each layer must pass on its own. */
  readonly guards: readonly Condition<LayerMatch>[];
  /** A text that must be equal for layers to be merged; undefined where it is unknown. */
  readonly likeness: (layer: Node) => string | undefined;
}

/**
 * The state of a node when it was filed. The editor replaces these fields and never writes into
 * them, so comparing references shows whether the node has changed.
 */
interface Filed extends Pick<Node, 'inputs' | 'outputs' | 'attributes'> {
  /** undefined: the node fails a guard. */
  readonly likeness: string | undefined;
}

/** A match of one layer by itself, for guards to judge. */
export function alone(layer: Node): LayerMatch {
  const parameters = parametersOf(layer);
  return { nodes: [layer], into: layer, vanishing: [], parameters, layer };
}

/**
 * The layers of one operator in one graph that read one value. Nodes edited since are filed anew
 * when asked for.
 */
export class SiblingIndex {
  readonly #data: Value;
  readonly #kind: SiblingKind;
  readonly #filed = new Map<Node, Filed>();
  /** Layers that pass the guards, by likeness. */
  readonly #alike = new Map<string, Set<Node>>();

  constructor(data: Value, kind: SiblingKind) {
    this.#data = data;
    this.#kind = kind;
  }

  /**
   * Files a reader of the data in its present state, or removes it where it no longer reads the
   * data.
   */
  file(node: Node, facts: Facts): void {
    const known = this.#filed.get(node);
    if (known !== undefined && isCurrent(node, known)) return;
    this.#drop(node, known);
    if (node.removed || node.optionalInput(0) !== this.#data) return;
    const { guards, likeness } = this.#kind;
    const match = alone(node);
    const fails = firstRefusal(guards, (guard) => guard.check(match, facts)) !== undefined;
    const { inputs, outputs, attributes } = node;
    const key = fails ? undefined : likeness(node);
    this.#filed.set(node, { inputs, outputs, attributes, likeness: key });
    if (key === undefined) return;
    const alike = this.#alike.get(key);
    if (alike === undefined) this.#alike.set(key, new Set([node]));
    else alike.add(node);
  }

  /** Whether the index has a layer besides `node`. */
  hasOthers(node: Node, facts: Facts): boolean {
    for (const other of this.#filed.keys()) {
      this.file(other, facts);
      if (other !== node && this.#filed.has(other)) return true;
    }
    return false;
  }

  /** Layers that can be merged with `node`, itself included if it can be merged. Lazy. */
  *alikeTo(node: Node, facts: Facts): Generator<Node> {
    const likeness = this.#filed.get(node)?.likeness;
    if (likeness !== undefined) yield* this.#those(likeness, facts);
  }

  /** One layer of each likeness except that of `node`. Lazy. */
  *unlike(node: Node, facts: Facts): Generator<Node> {
    const own = this.#filed.get(node)?.likeness;
    for (const likeness of this.#alike.keys()) {
      const [first] = likeness === own ? [] : this.#those(likeness, facts);
      if (first !== undefined) yield first;
    }
  }

  /** An upper bound on the number of layers in alikeTo(). */
  countAlike(node: Node): number {
    const likeness = this.#filed.get(node)?.likeness;
    return likeness === undefined ? 0 : (this.#alike.get(likeness)?.size ?? 0);
  }

  /** An upper bound on the number of likenesses. */
  get likenesses(): number {
    return this.#alike.size;
  }

  *#those(likeness: string, facts: Facts): Generator<Node> {
    for (const node of this.#alike.get(likeness) ?? []) {
      this.file(node, facts);
      if (this.#filed.get(node)?.likeness === likeness) yield node;
    }
  }

  #drop(node: Node, known: Filed | undefined): void {
    this.#filed.delete(node);
    if (known?.likeness === undefined) return;
    const alike = this.#alike.get(known.likeness);
    alike?.delete(node);
    if (alike?.size === 0) this.#alike.delete(known.likeness);
  }
}

function isCurrent(node: Node, { inputs, outputs, attributes }: Filed): boolean {
  if (node.removed || node.inputs !== inputs) return false;
  return node.outputs === outputs && node.attributes === attributes;
}

/** Indices by kind, graph and operator. */
type Indices = Map<SiblingKind, Map<Graph, Map<string, SiblingIndex>>>;

const known = new WeakMap<Value, Indices>();

/** The index that a layer is in; undefined where no other layer of its operator reads its data. */
export function siblingIndex(
  layer: Node,
  facts: Facts,
  kind: SiblingKind,
): SiblingIndex | undefined {
  const data = layer.optionalInput(0);
  if (data === undefined || data.uses.size < 2 || !mayBeSibling(layer, data, kind))
    return undefined;
  let indices = known.get(data);
  if (indices === undefined) known.set(data, (indices = new Map()));
  if (!indices.has(kind)) {
    indices.set(kind, new Map());
    for (const reader of data.uses.keys()) {
      if (mayBeSibling(reader, data, kind))
        indexIn(indices, reader, data, kind).file(reader, facts);
    }
  }
  const index = indexIn(indices, layer, data, kind);
  index.file(layer, facts);
  return index.hasOthers(layer, facts) ? index : undefined;
}

function mayBeSibling(node: Node, data: Value, { operators }: SiblingKind): boolean {
  if (node.optionalInput(0) !== data || !operators.some((opType) => node.is(opType))) return false;
  return node.optionalInput(1) !== undefined && node.optionalOutput(0) !== undefined;
}

function indexIn(indices: Indices, node: Node, data: Value, kind: SiblingKind): SiblingIndex {
  const graphs = indices.get(kind)!;
  let operators = graphs.get(node.graph);
  if (operators === undefined) graphs.set(node.graph, (operators = new Map()));
  let index = operators.get(node.opType);
  if (index === undefined) operators.set(node.opType, (index = new SiblingIndex(data, kind)));
  return index;
}
