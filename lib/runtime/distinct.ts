/** Up to so many items a walk over them is faster than a set. */
const FEW = 8;

/** What is there of a list, each item once, in order. */
export function distinct<T extends object>(items: readonly (T | undefined)[]): readonly T[] {
  if (items.length > FEW) {
    const all = new Set(items);
    all.delete(undefined);
    return [...all] as T[];
  }
  return items.filter((item, at): item is T => item !== undefined && items.indexOf(item) === at);
}
