// DFT and STFT: discrete Fourier transforms of rows of real or complex numbers.

import type { FloatArray } from '../backend/backend.js';
import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { elementCount } from '../tensor/shape.js';
import { constantNumbers, typeOnly } from './facts.js';
import type { Operator, RunTensor, ValueFacts } from './operator.js';
import { floatsOf, numbersOf, required } from './run-tensor.js';
import { axisOf, nodeError, operator } from './schema.js';

/** A row of complex numbers as pairs, or of real numbers: element i begins at `from + i * step`. */
interface Row {
  readonly data: FloatArray;
  readonly from: number;
  readonly step: number;
}

/** Writes the first `bins` bins of the transform of `count` elements, as pairs. */
type Transform = (x: Row, count: number, y: Row, bins: number) => void;

/**
 * Y[k] = sum over n of w[n] X[n] e^(-2 pi i k n / N); the inverse has + in the exponent and is
 * divided by N. Computed directly in N^2 steps, since windows are short.
 */
function transformOf(
  length: number,
  parts: number,
  inverse: boolean,
  window?: FloatArray,
): Transform {
  const angle = (inverse ? 2 : -2) * (Math.PI / length);
  const cos = Float64Array.from({ length }, (_, i) => Math.cos(angle * i));
  const sin = Float64Array.from({ length }, (_, i) => Math.sin(angle * i));
  const scale = inverse ? 1 / length : 1;
  return (x, count, y, bins) => {
    for (let k = 0; k < bins; k++) {
      let [real, imaginary] = [0, 0];
      for (let n = 0; n < Math.min(count, length); n++) {
        const at = x.from + n * x.step;
        const weight = window?.[n] ?? 1;
        const a = x.data[at]! * weight;
        const b = parts === 2 ? x.data[at + 1]! * weight : 0;
        const turn = (k * n) % length;
        real += a * cos[turn]! - b * sin[turn]!;
        imaginary += a * sin[turn]! + b * cos[turn]!;
      }
      y.data[y.from + k * y.step] = real * scale;
      y.data[y.from + k * y.step + 1] = imaginary * scale;
    }
  };
}

/** 1 for real numbers, 2 for pairs. @throws ConvfuseError ERR_MODEL */
function partsOf(node: Node, { dims }: RunTensor): number {
  const parts = dims.at(-1);
  if (dims.length < 2 || (parts !== 1 && parts !== 2)) {
    throw nodeError(
      node,
      'ERR_MODEL',
      `its input of ${dims.join('x')} is neither real nor complex`,
    );
  }
  return parts;
}

function onesided(node: Node): boolean {
  return (node.attribute('onesided', 'int') ?? (node.opType === 'STFT' ? 1 : 0)) === 1;
}

/** The number of bins. With `onesided` only the first half: the others are its conjugates. */
function binsOf(node: Node, length: number): number {
  return onesided(node) ? Math.floor(length / 2) + 1 : length;
}

function dftAxis(node: Node, given: number | undefined, rank: number): number {
  const axis = node.opset < 20 ? (node.attribute('axis', 'int') ?? 1) : (given ?? -2);
  const index = axisOf(node, axis, rank);
  if (index === rank - 1)
    throw nodeError(
      node,
      'ERR_MODEL',
      'expected an axis before the last one, received the last one',
    );
  return index;
}

const dft = operator('DFT', {
  since: 17,
  inputs: [1, 3],
  infer(node, [x, length, axis]): ValueFacts[] {
    const given = constantNumbers(axis)?.[0];
    const unsure = node.opset >= 20 && node.optionalInput(2) !== undefined && given === undefined;
    if (x?.dims === undefined) return [typeOnly(x)];
    const { dims, type } = x;
    if (unsure) return [{ type, dims: dims.map(() => undefined) }];
    const at = dftAxis(node, given, dims.length);
    const all = node.optionalInput(1) === undefined ? dims[at] : constantNumbers(length)?.[0];
    const bins: Dim =
      typeof all === 'number' ? binsOf(node, all) : onesided(node) ? undefined : all;
    return [{ type, dims: [...dims.slice(0, -1).map((size, i) => (i === at ? bins : size)), 2] }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const parts = partsOf(node, x);
    const axis = dftAxis(node, inputs[2] && numbersOf(inputs[2])[0], x.dims.length);
    const count = x.dims[axis]!;
    const length = (inputs[1] && numbersOf(inputs[1])[0]) ?? count;
    const inverse = node.attribute('inverse', 'int') === 1;
    if (inverse && onesided(node)) {
      throw nodeError(node, 'ERR_UNSUPPORTED', 'onesided inverse transforms are not supported');
    }
    if (length < 1)
      throw nodeError(node, 'ERR_MODEL', `expected a length of 1 or more, received ${length}`);
    const bins = binsOf(node, length);
    const dims = [...x.dims.map((size, i) => (i === axis ? bins : size)).slice(0, -1), 2];
    const source = floatsOf(node, x);
    const data = call.allocate(x.type, dims) as FloatArray;
    const inner = elementCount(x.dims.slice(axis + 1, -1));
    const outer = elementCount(x.dims.slice(0, axis));
    const transform = transformOf(length, parts, inverse);
    for (let row = 0; row < outer * inner; row++) {
      const [o, i] = [Math.floor(row / inner), row % inner];
      const from = { data: source, from: (o * count * inner + i) * parts, step: inner * parts };
      transform(from, count, { data, from: (o * bins * inner + i) * 2, step: inner * 2 }, bins);
    }
    return [{ type: x.type, dims, data }];
  },
});

const stft = operator('STFT', {
  since: 17,
  inputs: [2, 4],
  infer(node, [x, step, window, length]): ValueFacts[] {
    const size = x?.dims?.[1];
    const hop = constantNumbers(step)?.[0] ?? 0;
    const frame = window?.dims?.[0] ?? constantNumbers(length)?.[0];
    const known = typeof size === 'number' && typeof frame === 'number' && hop > 0;
    const frames = known ? Math.floor((size - frame) / hop) + 1 : undefined;
    const bins = typeof frame === 'number' ? binsOf(node, frame) : undefined;
    return [{ type: x?.type, dims: [x?.dims?.[0], frames, bins, 2] }];
  },
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const parts = partsOf(node, x);
    const hop = numbersOf(required(node, inputs, 1))[0] ?? 0;
    const window = inputs[2] && floatsOf(node, inputs[2]);
    const length = window?.length ?? (inputs[3] && numbersOf(inputs[3])[0]) ?? 0;
    const [batch, size] = x.dims as [number, number];
    if (x.dims.length !== 3 || hop < 1 || length < 1 || length > size) {
      const text = `frames of ${length}, ${hop} apart, do not fit an input of ${x.dims.join('x')}`;
      throw nodeError(node, 'ERR_MODEL', text);
    }
    const frames = Math.floor((size - length) / hop) + 1;
    const bins = binsOf(node, length);
    const dims = [batch, frames, bins, 2];
    const source = floatsOf(node, x);
    const data = call.allocate(x.type, dims) as FloatArray;
    const transform = transformOf(length, parts, false, window);
    for (let at = 0; at < batch * frames; at++) {
      const start = Math.floor(at / frames) * size + (at % frames) * hop;
      const from = { data: source, from: start * parts, step: parts };
      transform(from, length, { data, from: at * bins * 2, step: 2 }, bins);
    }
    return [{ type: x.type, dims, data }];
  },
});

export const fourierTransforms: readonly Operator[] = [dft, stft];
