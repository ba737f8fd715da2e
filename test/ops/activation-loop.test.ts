import test from 'ava';

import { ACTIVATION_KINDS, defaultParameters } from '#convfuse/backend/activation.js';
import { activate } from '#convfuse/backend/reference/activation.js';
import { activateInPlace } from '#convfuse/ops/activation-loop.js';

test('every activation is what the reference backend computes', (t) => {
  const points = Float64Array.of(-30, -7, -3, -1, -0.1, -0, 0, 0.1, 1, 3, 5.9, 7, 30, NaN);
  for (const kind of ACTIVATION_KINDS) {
    const slope = kind === 'prelu' ? { slope: Float64Array.of(0.25) } : {};
    const bounds = kind === 'clip' ? { alpha: -1, beta: 2 } : defaultParameters(kind);
    const activation = { kind, ...bounds, ...slope };
    const wanted = points.slice();
    activate(activation, wanted, 0, wanted.length, 0);
    const found = points.slice();
    activateInPlace(activation, found);
    found.forEach((value, i) => {
      const apart = Math.abs(value - wanted[i]!);
      // Two ways to write one formula: a few roundings apart.
      const same = Object.is(value, wanted[i]) || apart <= 2 ** -50 * Math.abs(wanted[i]!);
      t.true(same || value === wanted[i], `${kind}(${points[i]}) = ${value}, not ${wanted[i]}`);
    });
  }
});
