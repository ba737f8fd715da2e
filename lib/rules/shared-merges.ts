import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { elementCount } from '../tensor/shape.js';
import { outputAxis } from './layer.js';
import type { LayerPart } from './merge-constants.js';
import { parameterOf, parametersOf } from './parameter.js';

// Blocks that share their weights get merged constants that are equal. They share these too: a
// network of n such blocks would hold n copies otherwise.

/** Constants that layers were merged into. */
export interface SharedConstants {
  readonly weight: Value;
  readonly bias: Value | undefined;
}

interface Merge extends SharedConstants {
  readonly key: readonly unknown[];
}

/** By the first weight that went into them. Values belong to one model, and are never edited. */
const merges = new WeakMap<Value, Merge[]>();

/** Groups that read one weight. Beyond, looking for all of them at each would cost n times n. */
const MANY_TWINS = 64;

/** What merges must have in common to share constants: parameters, their order, and the graph. */
function keyOf(parts: readonly LayerPart[]): readonly unknown[] {
  const [{ node: first }] = parts as [LayerPart];
  const sources = parts.flatMap(({ node, embedding }) => [
    node.optionalInput(1),
    node.optionalInput(2),
    JSON.stringify(embedding),
  ]);
  return [first.graph, outputAxis(first), ...sources];
}

function sameKey(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}

/** What an equal group was merged into, where it is still there. */
export function sharedConstants(parts: readonly LayerPart[]): SharedConstants | undefined {
  const key = keyOf(parts);
  const found = merges.get(parts[0]!.node.input(1))?.find((merge) => sameKey(merge.key, key));
  return found !== undefined && [found.weight, found.bias].every(isThere) ? found : undefined;
}

/** A Constant node of a function stands at one place, and not before all others. */
function isThere(value: Value | undefined): boolean {
  if (value === undefined) return true;
  return value.initializer !== undefined && value.graph.values.get(value.name) === value;
}

export function shareConstants(parts: readonly LayerPart[], constants: SharedConstants): void {
  const weight = parts[0]!.node.input(1);
  const known = merges.get(weight) ?? [];
  known.push({ ...constants, key: keyOf(parts) });
  merges.set(weight, known);
}

/**
 * Bytes of merged constants, less those that nothing will read once all equal groups are merged.
 *
 * @param groupOf the group that a layer belongs to
 */
export function addedBytes(
  parts: readonly LayerPart[],
  groupOf: (layer: Node) => readonly Node[] | undefined,
): number {
  if (sharedConstants(parts) !== undefined) return 0;
  const group = parts.map(({ node }) => node);
  const values = group.flatMap(parametersOf);
  const total = parts.reduce((sum, part) => sum + grownBytes(part), 0) + sizesOf(values);
  const mine = new Set(group);
  const alone = total - sizesOf(freed(values, mine));
  const readers = group[0]!.input(1).uses;
  if (alone <= 0 || readers.size > MANY_TWINS) return alone;
  const key = keyOf(parts);
  for (const reader of readers.keys()) {
    const twins = mine.has(reader) ? undefined : groupOf(reader);
    const equal = twins && sameKey(keyOf(twins.map((node) => ({ node }))), key);
    if (equal === true) for (const twin of twins!) mine.add(twin);
  }
  return total - sizesOf(freed(values, mine));
}

/** What zeros around a kernel take. */
function grownBytes({ node, embedding }: LayerPart): number {
  const weight = embedding && parameterOf(node.input(1));
  if (weight === undefined) return 0;
  const taps = elementCount(weight.dims.slice(2));
  return weight.byteLength * (elementCount(embedding!.kernel) / taps - 1);
}

function freed(values: readonly Value[], readers: ReadonlySet<Node>): Value[] {
  const distinct = [...new Set(values)].filter(({ isOutput }) => !isOutput);
  return distinct.filter(({ uses }) => [...uses.keys()].every((node) => readers.has(node)));
}

function sizesOf(values: readonly Value[]): number {
  return values.reduce((sum, value) => sum + (parameterOf(value)?.byteLength ?? 0), 0);
}
