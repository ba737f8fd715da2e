import test from 'ava';

import { measure, quantile, ratioOf, spreadOf } from '#convfuse/api/measure.js';

function busy(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test('candidates take turns, and are compared round by round', async (t) => {
  const calls: string[] = [];
  const results = await measure(
    [
      { name: 'slow', run: () => (calls.push('slow'), busy(4)) },
      { name: 'fast', run: () => Promise.resolve(calls.push('fast')).then(() => busy(1)) },
    ],
    { rounds: 4, milliseconds: 5 },
  );
  t.deepEqual(
    results.map(({ name }) => name),
    ['slow', 'fast'],
  );
  t.deepEqual(results[0]?.ratio, { median: 1, low: 1, high: 1 });
  // Not a matter of speed: each candidate waits for a time of its own, four to one.
  t.true(results[1]!.ratio.median > 1);
  // Both orders occur: whoever ended one round does not begin the next.
  const order = calls.filter((name, index) => name !== calls[index - 1]);
  t.true(order.length > 4);
});

test('a candidate that fails fails the measurement', async (t) => {
  let calls = 0;
  const run = (): void => {
    calls += 1;
    if (calls > 1) throw new Error('broken');
  };
  await t.throwsAsync(measure([{ name: 'x', run }], { rounds: 1, milliseconds: 1 }));
});

test('an aborted measurement rejects with the reason', async (t) => {
  const reason = new Error('enough');
  const signal = AbortSignal.abort(reason);
  await t.throwsAsync(measure([{ name: 'x', run: () => 1 }], { signal }), { is: reason });
});

test('quantiles interpolate', (t) => {
  const sample = Float64Array.of(4, 1, 3, 2);
  t.is(quantile(sample, 0), 1);
  t.is(quantile(sample, 0.5), 2.5);
  t.is(quantile(sample, 1), 4);
  t.deepEqual(spreadOf(sample), { median: 2.5, low: 1.75, high: 3.25 });
});

test('a ratio is the median of rounds, not that of medians', (t) => {
  const before = Float64Array.of(1, 10, 3);
  const after = Float64Array.of(2, 5, 3);
  t.deepEqual(ratioOf(before, after), { median: 1, low: 0.75, high: 1.5 });
});
