import type { FloatArray } from '../backend/backend.js';
import type { RunTensor, ValueFacts } from './operator.js';
import { nearest } from './quantize-linear.js';
import { floatsOf, required } from './run-tensor.js';
import { operator } from './schema.js';

/** The smallest range that contains 0 and all numbers of x. NaN is ignored. */
function rangeOf(x: FloatArray): readonly [number, number] {
  let [low, high] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/**
 * y = clamp(round(x / step) + point); NaN becomes 0.
 *
 * @param narrow whether quotients are rounded to float32, as other engines do, because ties decide the result
 */
function quantise(
  x: FloatArray,
  step: number,
  point: number,
  narrow: boolean,
  y: Uint8Array,
): void {
  for (let i = 0; i < y.length; i++) {
    const quotient = x[i]! / step;
    const value = nearest(narrow ? Math.fround(quotient) : quotient) + point;
    y[i] = value < 0 ? 0 : value > 255 ? 255 : value;
  }
}

/**
 * Quantises to uint8. The range of x, extended to include 0, is mapped to [0, 255]: scale = (max -
 * min) / 255, zero point = round(-min / scale), y = round(x / scale) + zero point.
 */
export const dynamicQuantizeLinear = operator('DynamicQuantizeLinear', {
  since: 11,
  outputs: [3, 3],
  infer: (_node, [x]): ValueFacts[] => [
    { type: 'uint8', dims: x?.dims },
    { type: 'float32', dims: [] },
    { type: 'uint8', dims: [] },
  ],
  evaluate(call, inputs): RunTensor[] {
    const x = required(call.node, inputs, 0);
    const source = floatsOf(call.node, x);
    const narrow = call.arithmetic === 'float32';
    const round = narrow ? Math.fround : (value: number): number => value;
    const [low, high] = rangeOf(source);
    const step = high === low ? 1 : round(round(high - low) / 255);
    const point = nearest(Math.max(0, Math.min(255, round(-low / step))));
    const data = call.allocate('uint8', x.dims) as Uint8Array;
    quantise(source, step, point, narrow, data);
    const scale = call.allocateFloat('float32', 1);
    scale[0] = step;
    return [
      { type: 'uint8', dims: x.dims, data },
      { type: 'float32', dims: [], data: scale },
      { type: 'uint8', dims: [], data: Uint8Array.of(point) },
    ];
  },
});
