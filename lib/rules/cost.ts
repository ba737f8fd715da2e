import type { LayerGeometry } from '../fold/sample-positions.js';
import type { Node } from '../ir/node.js';
import type { Facts, Refusal } from '../rewrite/rule.js';
import { elementCount } from '../tensor/shape.js';

// The cost model. It decides on merges that add arithmetic (padded kernels, products of weights).
// Merges that only put layers of equal geometry side by side always pay.

/**
 * Multiply-adds per nanosecond of one thread: two FMAs on 8 float32 lanes per cycle at 3.3 GHz make
 * 53. Wider vectors and more threads make arithmetic cheaper, small layers make it dearer.
 */
const MACS_PER_NANOSECOND = 50;

/** Bytes per nanosecond that one thread moves to and from memory: a triad reaches 39 GB/s. */
const BYTES_PER_NANOSECOND = 39;

/**
 * The fixed cost of a kernel launch. Chains of 1x1 convolutions on planes of 1 to 16 pixels take 3
 * to 4 microseconds a layer in this runtime; a program that never leaves native code takes less.
 */
const NANOSECONDS_PER_LAUNCH = 2000;

/** The total work of some kernels. */
export interface Work {
  readonly macs: number;
  /** Bytes read and written, weights included. */
  readonly bytes: number;
  readonly launches: number;
}

/** Pixels of all images of a batch, or rows of a matrix, that a layer reads and writes. */
export interface Positions {
  readonly input: number;
  readonly output: number;
}

/**
 * The work of a layer that is not transposed: each output sums its group's input channels over all
 * taps.
 */
export function layerWork(
  { inputChannels, outputChannels, groups, window }: LayerGeometry,
  { input, output }: Positions,
  elementBytes: number,
): Work {
  const weights = outputChannels * (inputChannels / groups) * elementCount(window.kernel);
  const moved = input * inputChannels + output * outputChannels + weights;
  return { macs: output * weights, bytes: moved * elementBytes, launches: 1 };
}

/** The work of a kernel that copies elements, as a Split does. */
export function copyWork(elements: number, elementBytes: number): Work {
  return { macs: 0, bytes: 2 * elements * elementBytes, launches: 1 };
}

export function sumWork(...parts: readonly Work[]): Work {
  const sum = (of: (part: Work) => number) => parts.reduce((total, part) => total + of(part), 0);
  return {
    macs: sum(({ macs }) => macs),
    bytes: sum(({ bytes }) => bytes),
    launches: sum(({ launches }) => launches),
  };
}

/** Estimated nanoseconds, assuming that arithmetic, traffic and launches do not overlap. */
export function timeOf({ macs, bytes, launches }: Work): number {
  return (
    macs / MACS_PER_NANOSECOND + bytes / BYTES_PER_NANOSECOND + launches * NANOSECONDS_PER_LAUNCH
  );
}

/**
 * The positions that a layer reads and writes, from the shapes of its input and output. An unknown
 * batch counts as 1. undefined where another size is unknown.
 */
export function positionsOf(layer: Node, facts: Facts): Positions | undefined {
  const matrix = layer.is('Gemm') || layer.is('MatMul');
  const count = (dims: readonly (number | undefined)[] | undefined): number | undefined => {
    if (dims === undefined) return undefined;
    const outer = matrix ? dims.slice(0, -1) : [dims[0], ...dims.slice(2)];
    const sizes = outer.map((size, axis) => (axis === 0 ? (size ?? 1) : size));
    return sizes.every((size) => size !== undefined) ? elementCount(sizes) : undefined;
  };
  const input = count(facts.dims(layer.input(0)));
  const output = count(facts.dims(layer.output(0)));
  return input === undefined || output === undefined ? undefined : { input, output };
}

/** Where the size is unknown, a rewrite must pay both for one pixel and for a large image. */
const ANY_SIZE: readonly Positions[] = [1, 2 ** 20].map((n) => ({ input: n, output: n }));

/** The work before and after a rewrite, as functions of the number of positions. */
export interface Tradeoff {
  before(positions: Positions): Work;
  after(positions: Positions): Work;
}

/**
 * Decides whether a rewrite pays.
 *
 * @returns the costs as text for the report; a refusal where it does not pay
 */
export function weigh(tradeoff: Tradeoff, positions: Positions | undefined): Refusal | string {
  let text = '';
  for (const at of positions === undefined ? ANY_SIZE : [positions]) {
    const [before, after] = [tradeoff.before(at), tradeoff.after(at)];
    text = `${workText(after)} instead of ${workText(before)}`;
    if (timeOf(after) < timeOf(before)) continue;
    const size = positions === undefined ? `, if the image has ${at.output} pixels` : '';
    return { reason: 'cost', detail: `it would take ${text}${size}` };
  }
  return text;
}

function workText(work: Work): string {
  const { macs, bytes, launches } = work;
  const microseconds = (timeOf(work) / 1000).toPrecision(3);
  const kernels = launches === 1 ? '1 kernel' : `${launches} kernels`;
  return `${microseconds} us (${macs} MACs, ${bytes} bytes, ${kernels})`;
}
