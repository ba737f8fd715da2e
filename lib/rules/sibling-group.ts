import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { onlyConcat } from './concat-run.js';

/**
 * The order of the parts: that in which one Concat puts them together again, or else that of their
 * outputs' names. Neither depends on the order of the file, which may be any legal one.
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
