/**
 * A function of a match that caches its result for each match, for results that guards and the
 * rewrite share. A match lives for one attempt of a rule, and the graph does not change before its
 * rewrite.
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
