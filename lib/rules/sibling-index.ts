import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { firstRefusal } from '../rewrite/conditions.js';
import type { Condition, Facts } from '../rewrite/rule.js';
import type { LayerMatch } from './guards.js';
import { parametersOf } from './parameter.js';

// Which layers on one value are alike, filed once: a value may have a hundred thousand readers, and
// each of them is asked for its siblings.

/** What makes layers siblings. */
export interface SiblingKind {
  readonly operators: readonly string[];
  /** Each passes these by itself. */
  readonly guards: readonly Condition<LayerMatch>[];
  /** What they must have in common, as text; undefined where it cannot be told. */
  readonly likeness: (layer: Node) => string | undefined;
}

/** A node as it was when it was filed: the editor never writes into these, it replaces them. */
interface Filed extends Pick<Node, 'inputs' | 'outputs' | 'attributes'> {
  /** undefined: it fails a guard. */
  readonly likeness: string | undefined;
}

/** A match of one layer by itself, for guards to judge. */
export function alone(layer: Node): LayerMatch {
  const parameters = parametersOf(layer);
  return { nodes: [layer], into: layer, vanishing: [], parameters, layer };
}

/** Layers of one operator in one graph that read one value. What was edited since is filed anew. */
export class SiblingIndex {
  readonly #data: Value;
  readonly #kind: SiblingKind;
  readonly #filed = new Map<Node, Filed>();
  /** Those that pass the guards. */
  readonly #alike = new Map<string, Set<Node>>();

  constructor(data: Value, kind: SiblingKind) {
    this.#data = data;
    this.#kind = kind;
  }

  /** Files a reader of the data as it is now, or takes it out where it is none any more. */
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

  /** Whether there is any layer but one. */
  hasOthers(node: Node, facts: Facts): boolean {
    for (const other of this.#filed.keys()) {
      this.file(other, facts);
      if (other !== node && this.#filed.has(other)) return true;
    }
    return false;
  }

  /** Layers that can be merged with one, as they are asked for; itself among them if it can be. */
  *alikeTo(node: Node, facts: Facts): Generator<Node> {
    const likeness = this.#filed.get(node)?.likeness;
    if (likeness !== undefined) yield* this.#those(likeness, facts);
  }

  /** One layer of each likeness but a layer's own, as they are asked for. */
  *unlike(node: Node, facts: Facts): Generator<Node> {
    const own = this.#filed.get(node)?.likeness;
    for (const likeness of this.#alike.keys()) {
      const [first] = likeness === own ? [] : this.#those(likeness, facts);
      if (first !== undefined) yield first;
    }
  }

  /** How many there are at most that can be merged with one, itself among them. */
  countAlike(node: Node): number {
    const likeness = this.#filed.get(node)?.likeness;
    return likeness === undefined ? 0 : (this.#alike.get(likeness)?.size ?? 0);
  }

  /** How many likenesses there are at most. */
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

/** Indices by what they are of. */
type Indices = Map<SiblingKind, Map<Graph, Map<string, SiblingIndex>>>;

const known = new WeakMap<Value, Indices>();

/** The index that a layer stands in; undefined where no other layer of its operator reads its data. */
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
