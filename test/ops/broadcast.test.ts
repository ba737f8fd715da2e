import fc from 'fast-check';
import test from 'ava';

import {
  broadcastDims,
  broadcastShapes,
  broadcastStrides,
  runsOf,
} from '#convfuse/ops/broadcast.js';
import { elementCount, stridesOf } from '#convfuse/tensor/shape.js';

test('dimensions that are not known', (t) => {
  t.deepEqual(broadcastDims(['N', 3], [3]), ['N', 3]);
  t.deepEqual(broadcastDims(['N'], ['N']), ['N']);
  // Whatever N is, 1 or 5: the result is 5.
  t.deepEqual(broadcastDims(['N'], [5]), [5]);
  t.deepEqual(broadcastDims(['N'], [1]), ['N']);
  t.deepEqual(broadcastDims(['N'], ['M']), [undefined]);
  t.throws(() => broadcastDims([2], [3]), { code: 'ERR_ARGUMENT' });
});

/** A shape, and operands that broadcast to it. */
const shapes = fc
  .array(fc.integer({ min: 0, max: 4 }), { maxLength: 5 })
  .chain((out) =>
    fc.tuple(
      fc.constant(out),
      fc.array(
        fc.tuple(
          fc.integer({ min: 0, max: out.length }),
          fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
        ),
        { minLength: 1, maxLength: 3 },
      ),
    ),
  );

test('runs visit, for each output element, the operand elements under it', (t) => {
  fc.assert(
    fc.property(shapes, ([out, cuts]) => {
      const operands = [
        out,
        ...cuts.map(([skip, ones]) => out.slice(skip).map((size, i) => (ones[i] ? 1 : size))),
      ];
      t.deepEqual(broadcastShapes(operands), out);
      const runs = runsOf(out, operands);
      const strides = stridesOf(out);
      const wanted = operands.map((dims) => broadcastStrides(dims, out));
      t.is(runs.count * runs.length, elementCount(out) === 0 ? 0 : elementCount(out));
      for (let run = 0; run < runs.count; run++) {
        for (let i = 0; i < runs.length; i++) {
          const at = run * runs.length + i;
          operands.forEach((_, k) => {
            const place = out.reduce(
              (sum, size, axis) =>
                sum + (Math.floor(at / strides[axis]!) % size) * wanted[k]![axis]!,
              0,
            );
            if (place !== runs.offsets[k]![run]! + i * runs.steps[k]!) throw new Error('astray');
          });
        }
      }
    }),
    { numRuns: 300, seed: 1 },
  );
});
