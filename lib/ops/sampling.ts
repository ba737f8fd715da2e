import type { Node } from '../ir/node.js';
import { nodeError } from './schema.js';

/** The input elements, with weights, that make each output element along one axis. */
export interface Taps {
  /** Taps per output element. */
  readonly width: number;
  readonly index: Int32Array;
  readonly weight: Float64Array;
}

/** Computes the taps for sampling an axis of `size` elements to `out` elements. */
export type Sampling = (size: number, out: number, scale: number, axis: number) => Taps;

/** By axis, the begin and end of the sampled part; 0 and 1 are the first and last element. */
export type Crop = (axis: number) => readonly [number, number];

/** Output coordinate to input coordinate. */
export type Coordinate = (
  at: number,
  size: number,
  out: number,
  scale: number,
  axis: number,
) => number;

const { fround } = Math;

/**
 * Maps an output coordinate to an input coordinate (ONNX Resize, coordinate_transformation_mode).
 * Rounded to float32 at every step, as in onnxruntime and PyTorch, since another rounding would
 * choose another neighbour for elements halfway between two.
 */
export function coordinateOf(node: Node, crop?: Crop): Coordinate {
  const old = node.opType === 'Upsample' || node.opset < 11;
  const mode = old
    ? 'asymmetric'
    : (node.attribute('coordinate_transformation_mode', 'string') ?? 'half_pixel');
  const halfPixel = (at: number, scale: number): number => fround(fround((at + 0.5) / scale) - 0.5);
  switch (mode) {
    case 'asymmetric':
      return (at, _size, _out, scale) => fround(at / scale);
    case 'half_pixel':
      return (at, _size, _out, scale) => halfPixel(at, scale);
    case 'pytorch_half_pixel':
      return (at, _size, out, scale) => (out > 1 ? halfPixel(at, scale) : 0);
    case 'half_pixel_symmetric':
      // Centred on the input even where the size was rounded down.
      return (at, size, out, scale) => {
        const offset = (size / 2) * (1 - out / fround(size * scale));
        return fround(offset + halfPixel(at, scale));
      };
    case 'align_corners':
      return (at, size, out) => (out > 1 ? fround((at * (size - 1)) / (out - 1)) : 0);
    case 'tf_half_pixel_for_nn':
      return (at, _size, _out, scale) => fround((at + 0.5) / scale);
    case 'tf_crop_and_resize':
      if (crop === undefined) throw nodeError(node, 'ERR_MODEL', 'roi is missing');
      return (at, size, out, _scale, axis) => {
        const [start, end] = crop(axis);
        const last = size - 1;
        if (out === 1) return fround(0.5 * fround(start + end) * last);
        const passed = fround(fround(fround(at * fround(end - start)) * last) / (out - 1));
        return fround(fround(start * last) + passed);
      };
    default:
      throw nodeError(node, 'ERR_MODEL', `coordinate_transformation_mode ${mode} is not known`);
  }
}

function nearest(node: Node): (x: number, scale: number) => number {
  const old = node.opType === 'Upsample' || node.opset < 11;
  // ONNX defines no rounding for Resize-10. Its test of 4 columns to 2 takes the third for 1.67.
  if (old) return (x, scale) => (scale < 1 ? Math.ceil(x) : Math.floor(x));
  const mode = node.attribute('nearest_mode', 'string') ?? 'round_prefer_floor';
  switch (mode) {
    case 'floor':
      return Math.floor;
    case 'ceil':
      return Math.ceil;
    case 'round_prefer_floor':
      return (x) => Math.ceil(x - 0.5);
    case 'round_prefer_ceil':
      return (x) => Math.floor(x + 0.5);
    default:
      throw nodeError(node, 'ERR_MODEL', `nearest_mode ${mode} is not known`);
  }
}

/** Weights of the four neighbours of a point `r` past the second (Keys 1981). */
export function cubicWeights(r: number, a: number): number[] {
  return [
    ((a * (r + 1) - 5 * a) * (r + 1) + 8 * a) * (r + 1) - 4 * a,
    ((a + 2) * r - (a + 3)) * r * r + 1,
    ((a + 2) * (1 - r) - (a + 3)) * (1 - r) * (1 - r) + 1,
    ((a * (2 - r) - 5 * a) * (2 - r) + 8 * a) * (2 - r) - 4 * a,
  ];
}

function triangle(x: number): number {
  return Math.max(0, 1 - Math.abs(x));
}

function cubicAt(x: number, a: number): number {
  const r = Math.abs(x);
  if (r < 1) return ((a + 2) * r - (a + 3)) * r * r + 1;
  return r < 2 ? ((a * r - 5 * a) * r + 8 * a) * r - 4 * a : 0;
}

/**
 * Sampling with antialiasing: where the number of elements shrinks, the filter widens by the same
 * factor (ONNX Resize, antialias). Its ends are rounded as in onnxruntime and Pillow.
 *
 * @param reach distance from the centre beyond which the filter is 0
 */
function stretched(
  place: Coordinate,
  filter: (x: number) => number,
  reach: number,
  excludeOutside: boolean,
): Sampling {
  return (size, out, scale, axis) => {
    const step = Math.max(1, fround(1 / scale));
    const support = fround(reach * step);
    const width = Math.ceil(support) * 2 + 1;
    const index = new Int32Array(out * width);
    const weight = new Float64Array(out * width);
    for (let at = 0; at < out; at++) {
      const centre = fround(0.5 + (scale === 1 ? at : place(at, size, out, scale, axis)));
      const first = Math.floor(fround(centre - support) + 0.5);
      const last = Math.min(first + width, Math.floor(fround(centre + support) + 0.5));
      let sum = 0;
      for (let i = first; i < last; i++) {
        if (excludeOutside && (i < 0 || i >= size)) continue;
        const tap = at * width + i - first;
        index[tap] = Math.max(0, Math.min(size - 1, i));
        weight[tap] = filter((i - centre + 0.5) / step);
        sum += weight[tap]!;
      }
      for (let tap = at * width; tap < (at + 1) * width; tap++) weight[tap]! /= sum || 1;
    }
    return { width, index, weight };
  };
}

/** The sampling that a node's attributes describe. @throws ConvfuseError ERR_MODEL */
export function samplingOf(node: Node, crop?: Crop): Sampling {
  const mode = node.attribute('mode', 'string') ?? 'nearest';
  const place = coordinateOf(node, crop);
  const clamp = (at: number, size: number): number => Math.max(0, Math.min(size - 1, at));
  if (mode === 'nearest') {
    const round = nearest(node);
    return (size, out, scale, axis) => ({
      width: 1,
      index: Int32Array.from({ length: out }, (_, at) =>
        clamp(round(place(at, size, out, scale, axis), scale), size),
      ),
      weight: new Float64Array(out).fill(1),
    });
  }
  const cubic = mode === 'cubic';
  if (!cubic && mode !== 'linear' && mode !== 'bilinear') {
    throw nodeError(node, 'ERR_MODEL', `mode ${mode} is not known`);
  }
  const a = node.attribute('cubic_coeff_a', 'float') ?? -0.75;
  const excludeOutside = node.attribute('exclude_outside', 'int') === 1;
  if (node.attribute('antialias', 'int') === 1) {
    return stretched(place, cubic ? (x) => cubicAt(x, a) : triangle, cubic ? 2 : 1, excludeOutside);
  }
  const width = cubic ? 4 : 2;
  return (size, out, scale, axis) => {
    const index = new Int32Array(out * width);
    const weight = new Float64Array(out * width);
    for (let at = 0; at < out; at++) {
      const x = place(at, size, out, scale, axis);
      const floor = Math.floor(x);
      const first = cubic ? floor - 1 : floor;
      let weights = cubic ? cubicWeights(x - floor, a) : [1 - (x - floor), x - floor];
      if (excludeOutside) {
        weights = weights.map((w, i) => (first + i < 0 || first + i >= size ? 0 : w));
        const sum = weights.reduce((total, w) => total + w, 0);
        weights = weights.map((w) => w / sum);
      }
      weights.forEach((w, i) => {
        index[at * width + i] = clamp(first + i, size);
        weight[at * width + i] = w;
      });
    }
    return { width, index, weight };
  };
}
