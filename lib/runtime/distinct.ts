/** For up to this many items a linear search is faster than a set. */
const FEW = 8;

/** The defined items of a list, each once, in order of first appearance. */
export function distinct<T extends object>(items: readonly (T | undefined)[]): readonly T[] {
  if (items.length > FEW) {
    const all = new Set(items);
    all.delete(undefined);
    return [...all] as T[];
  }
  return items.filter((item, at): item is T => item !== undefined && items.indexOf(item) === at);
}
