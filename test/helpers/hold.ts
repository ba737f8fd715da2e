import fc from 'fast-check';

/**
 * Asserts a property, and says why it failed: fast-check keeps that in the cause of its error,
 * which test reports leave out.
 */
export function hold<T>(
  arbitrary: fc.Arbitrary<T>,
  property: (item: T) => void,
  runs: number,
): void {
  const details = fc.check(
    fc.property(arbitrary, (item) => property(item)),
    { numRuns: runs },
  );
  if (!details.failed) return;
  const { counterexample, errorInstance, seed, counterexamplePath: path } = details;
  const why = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance);
  throw new Error(`seed ${seed}, path ${path}: ${fc.stringify(counterexample)}\n${why}`);
}
