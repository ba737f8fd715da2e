import { constantNumbers } from './facts.js';
import type { ValueFacts } from './operator.js';
import { isWide, numbersOf, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';

/** start, start + delta, ... as long as limit is not reached. */
export const range = operator('Range', {
  since: 11,
  inputs: [3, 3],
  infer(_node, inputs): ValueFacts[] {
    const [start, limit, delta] = inputs.map((input) => constantNumbers(input)?.[0]);
    const known = start !== undefined && limit !== undefined && delta !== undefined && delta !== 0;
    return [{ type: inputs[0]?.type, dims: [known ? countOf(start, limit, delta) : undefined] }];
  },
  evaluate(call, inputs) {
    const first = required(call.node, inputs, 0);
    const [start, limit, delta] = [0, 1, 2].map(
      (i) => numbersOf(required(call.node, inputs, i))[0]!,
    ) as [number, number, number];
    if (delta === 0) throw nodeError(call.node, 'ERR_MODEL', 'delta is 0');
    const count = countOf(start, limit, delta);
    const data = call.allocate(first.type, [count]);
    for (let i = 0; i < count; i++) {
      const value = start + i * delta;
      if (isWide(first.type)) (data as BigInt64Array)[i] = BigInt(value);
      else (data as Float32Array)[i] = value;
    }
    return [{ type: first.type, dims: [count], data }];
  },
});

function countOf(start: number, limit: number, delta: number): number {
  return Math.max(0, Math.ceil((limit - start) / delta));
}
