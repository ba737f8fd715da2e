/**
 * A function of a match that computes once for each match, and remembers. For what guards and the
 * rewrite both ask for: a match is made for one look at the graph, and nothing changes before its
 * rewrite has asked.
 */
export function perMatch<M extends object, A extends readonly unknown[], R>(
  compute: (match: M, ...more: A) => R,
): (match: M, ...more: A) => R {
  const known = new WeakMap<M, { readonly result: R }>();
  return (match, ...more) => {
    const found = known.get(match);
    if (found !== undefined) return found.result;
    const result = compute(match, ...more);
    known.set(match, { result });
    return result;
  };
}
