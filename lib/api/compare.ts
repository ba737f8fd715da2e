import { fromBfloat16, fromFloat16 } from '../tensor/half.js';
import { sameDims } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { WorstElement } from './report.js';

/** How far apart two outputs may be. */
export interface Tolerance {
  /** Largest ||actual - expected|| / ||expected||. */
  readonly rtol: number;
  /** An output whose largest difference is at most this passes in any case. */
  readonly atol: number;
}

/** The result of comparing one output. */
export interface Comparison {
  readonly equal: boolean;
  /** What differs, where that is not just finite numbers: types, shapes, NaN, integers. */
  readonly problem: string | undefined;
  readonly maxAbs: number;
  readonly relL2: number;
  readonly worst: WorstElement | undefined;
}

/** The default limit of the relative L2 distance of float outputs of a type. */
export function defaultRtol(type: Tensor['type']): number {
  return type === 'float16' || type === 'bfloat16' ? 1e-2 : 1e-4;
}

/**
 * Compares one output of two runs. Floats are judged by the relative L2 distance over the whole
 * tensor: an elementwise relative bound fails near cancellation, and an absolute one ignores scale.
 * NaN and infinities must be at the same places. Everything else must be equal.
 */
export function compareOutputs(
  name: string,
  expected: Tensor,
  actual: Tensor,
  tolerance: Tolerance,
): Comparison {
  if (expected.type !== actual.type) {
    return different(`${name}: type ${actual.type} in place of ${expected.type}`);
  }
  if (!sameDims(expected.dims, actual.dims)) {
    return different(`${name}: shape ${actual.dims} in place of ${expected.dims}`);
  }
  const value = reader(expected);
  if (value === undefined) return compareExactly(name, expected, actual);
  const other = reader(actual)!;
  let squares = 0;
  let norm = 0;
  let maxAbs = 0;
  let worst = -1;
  for (let i = 0; i < expected.data.length; i++) {
    const a = value(i);
    const b = other(i);
    if (Object.is(a, b) || a === b) {
      if (Number.isFinite(a)) norm += a * a;
      continue;
    }
    if (!Number.isFinite(a) || !Number.isFinite(b)) {
      const at = element(name, i, a, b);
      return { ...different(`${name}[${i}]: ${b} in place of ${a}`), worst: at };
    }
    const difference = Math.abs(a - b);
    norm += a * a;
    squares += difference * difference;
    if (difference > maxAbs) {
      maxAbs = difference;
      worst = i;
    }
  }
  const relL2 = squares === 0 ? 0 : Math.sqrt(squares / norm);
  return {
    equal: relL2 <= tolerance.rtol || maxAbs <= tolerance.atol,
    problem: undefined,
    maxAbs,
    relL2,
    worst: worst < 0 ? undefined : element(name, worst, value(worst), other(worst)),
  };
}

function compareExactly(name: string, expected: Tensor, actual: Tensor): Comparison {
  let unequal = 0;
  let first = -1;
  for (let i = 0; i < expected.data.length; i++) {
    if (expected.data[i] === actual.data[i]) continue;
    if (unequal === 0) first = i;
    unequal += 1;
  }
  if (unequal === 0) {
    return { equal: true, problem: undefined, maxAbs: 0, relL2: 0, worst: undefined };
  }
  return {
    ...different(`${name}: ${unequal} of ${expected.data.length} ${expected.type} elements differ`),
    worst: element(name, first, Number(expected.data[first]), Number(actual.data[first])),
  };
}

function different(problem: string): Comparison {
  return { equal: false, problem, maxAbs: Infinity, relL2: Infinity, worst: undefined };
}

function element(output: string, index: number, expected: number, actual: number): WorstElement {
  return { output, index, expected, actual };
}

/**
 * A function that reads floating-point elements as numbers; undefined for types that are compared
 * exactly.
 */
function reader(tensor: Tensor): ((index: number) => number) | undefined {
  const data = tensor.data as Float32Array;
  switch (tensor.type) {
    case 'float32':
    case 'float64':
      return (index) => data[index]!;
    case 'float16':
      return data instanceof Uint16Array
        ? (index) => fromFloat16(data[index]!)
        : (index) => data[index]!;
    case 'bfloat16':
      return (index) => fromBfloat16(data[index]!);
    default:
      return undefined;
  }
}
