import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { onlyConcat } from './concat-run.js';

/**
 * The group in the order in which one Concat joins its outputs again, or else in that of the
 * outputs' names. Neither depends on the order of nodes in the file.
 */
export function inOrder(group: readonly Node[]): Node[] {
  const concat = onlyConcat(group.map((node) => node.output(0)));
  const places = new Map(concat?.inputs.map((value, at) => [value, at]));
  const place = (node: Node) => places.get(node.output(0)) ?? 0;
  return [...group].sort((a, b) => place(a) - place(b) || byName(a.output(0), b.output(0)));
}

function byName({ name: left }: Value, { name: right }: Value): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
