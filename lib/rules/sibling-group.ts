import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { firstRefusal } from '../rewrite/conditions.js';
import type { Condition, Facts } from '../rewrite/rule.js';
import { onlyConcat } from './concat-run.js';
import type { LayerMatch } from './guards.js';
import { parametersOf } from './parameter.js';

/** What two layers on one input must have in common, as text; undefined where it cannot be told. */
export type Likeness = (layer: Node, facts: Facts) => string | undefined;

/** Readers of one value that are looked at: beyond, n layers on one input would cost n times n. */
export const MANY = 512;

/**
 * Other layers of its kind on a layer's data. @returns undefined: none at all; otherwise those
 * that pass the guards
 */
export function ableSiblings(
  root: Node,
  facts: Facts,
  guards: readonly Condition<LayerMatch>[],
): Node[] | undefined {
  const data = root.optionalInput(0);
  if (data === undefined || root.optionalOutput(0) === undefined) return undefined;
  if (data.uses.size < 2 || data.uses.size > MANY) return undefined;
  const others = [...data.uses.keys()].filter((node) => isSibling(node, root, data));
  if (others.length === 0) return undefined;
  return others.filter((node) => {
    const match = alone(node);
    return firstRefusal(guards, (guard) => guard.check(match, facts)) === undefined;
  });
}

function isSibling(node: Node, root: Node, data: Value): boolean {
  return (
    node !== root &&
    node.graph === root.graph &&
    node.is(root.opType) &&
    node.optionalInput(0) === data &&
    node.optionalInput(1) !== undefined &&
    node.optionalOutput(0) !== undefined
  );
}

/** A match of one layer by itself, for guards to judge. */
export function alone(layer: Node): LayerMatch {
  const parameters = parametersOf(layer);
  return { nodes: [layer], into: layer, vanishing: [], parameters, layer };
}

/**
 * The order of the parts: that in which one Concat puts them together again, or else that of their
 * outputs' names. Neither depends on the order of the file, which may be any legal one.
 */
export function inOrder(group: readonly Node[]): Node[] {
  const concat = onlyConcat(group.map((node) => node.output(0)));
  const place = (node: Node) => concat?.inputs.indexOf(node.output(0)) ?? 0;
  return [...group].sort((a, b) => place(a) - place(b) || byName(a.output(0), b.output(0)));
}

function byName({ name: left }: Value, { name: right }: Value): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
