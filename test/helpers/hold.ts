import fc from 'fast-check';

/** Where to begin: a seed of fast-check, and a path to one of its cases. Without them, anywhere. */
const SEED = process.env['CONVFUSE_RANDOM_SEED'];
const PATH = process.env['CONVFUSE_RANDOM_PATH'];

/**
 * Asserts a property, and says why it failed: fast-check keeps that in the cause of its error,
 * which test reports leave out. What it says replays the failure: CONVFUSE_RANDOM_SEED and
 * CONVFUSE_RANDOM_PATH, for one test chosen with --match.
 *
 * @param part which of several tests with this property: each begins elsewhere, with one seed too
 * @param given seed of this property, whatever the environment says
 */
export function hold<T>(
  arbitrary: fc.Arbitrary<T>,
  property: (item: T) => void,
  runs: number,
  part = 0,
  given?: number,
): void {
  const seed = given ?? (SEED === undefined ? undefined : Number(SEED) + part);
  const details = fc.check(
    fc.property(arbitrary, (item) => property(item)),
    {
      numRuns: runs,
      ...(seed !== undefined && { seed }),
      ...(PATH !== undefined && { path: PATH }),
    },
  );
  if (!details.failed) return;
  const { counterexample, errorInstance, counterexamplePath: path } = details;
  const why = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance);
  const replay = `CONVFUSE_RANDOM_SEED=${details.seed - part} CONVFUSE_RANDOM_PATH=${path}`;
  throw new Error(`${replay}: ${fc.stringify(counterexample)}\n${why}`);
}
