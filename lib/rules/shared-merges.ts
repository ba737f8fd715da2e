import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { elementCount } from '../tensor/shape.js';
import { outputAxis } from './layer.js';
import type { LayerPart } from './merge-constants.js';
import { parameterOf, parametersOf } from './parameter.js';

// Blocks that share their weights have equal merged constants, which are shared too: a network of n
// such blocks would otherwise hold n copies.

/** The merged constants of some layers. */
export interface SharedConstants {
  readonly weight: Value;
  readonly bias: Value | undefined;
}

interface Merge extends SharedConstants {
  readonly key: readonly unknown[];
}

/**
 * By the first weight that was merged. Values belong to one model and constants are never edited,
 * so entries stay valid.
 */
const merges = new WeakMap<Value, Merge[]>();

/**
 * The most readers of one weight among which equal groups are searched for: n of them would cost n
 * * n.
 */
const MANY_TWINS = 64;

/** The key by which merges share constants: graph, output axis, and parameters in order. */
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

/** The constants that an equal group was merged into, if they still exist. */
export function sharedConstants(parts: readonly LayerPart[]): SharedConstants | undefined {
  const key = keyOf(parts);
  const found = merges.get(parts[0]!.node.input(1))?.find((merge) => sameKey(merge.key, key));
  return found !== undefined && [found.weight, found.bias].every(isThere) ? found : undefined;
}

/**
 * Whether a constant can be reused: it is still in its graph, and is an initializer. A Constant
 * node (in a function) may come after the node that needs it.
 */
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
 * Bytes of the merged constants, minus those of constants that nothing will read once all equal
 * groups are merged.
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

/** Bytes of the zeros around a kernel. */
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
