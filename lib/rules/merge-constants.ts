import { checkFold } from '../fold/check.js';
import { scaling } from '../fold/batch-norm.js';
import { narrow, type StoredArray } from '../fold/stored.js';
import type { LayerGeometry } from '../fold/sample-positions.js';
import type { Node } from '../ir/node.js';
import type { SiteCheck } from '../rewrite/rule.js';
import type { FloatType } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { biasRows, rowCount } from './bias-rows.js';
import { crop, embed, type Embedding } from './embed-kernel.js';
import { readLayer, type Layer } from './layer.js';
import { parameterOf } from './parameter.js';

/** A layer that is to become part of a merged one. */
export interface LayerPart {
  readonly node: Node;
  /**
   * The place of its kernel in that of the merged layer; undefined: the kernels have equal sizes.
   */
  readonly embedding?: Embedding | undefined;
}

/** The constants of one layer that replaces several. */
export interface MergedConstants {
  readonly weight: Tensor;
  /** undefined: none of the layers has a bias. */
  readonly bias: Tensor | undefined;
  /** Output channels of each layer. */
  readonly sizes: readonly number[];
  readonly check: (seed: number) => SiteCheck;
}

/**
 * Concatenates the weights of layers on one input along the output axis, and their biases, with
 * zeros for a layer without one. Smaller kernels are surrounded by zeros. All elements keep their
 * exact values.
 *
 * @param axis of the weight that has the output channels: 0 or 1
 */
export function mergeConstants(given: readonly LayerPart[], axis: 0 | 1): MergedConstants {
  const layers = given.map(({ node }) => readLayer(node) as Layer);
  const weights = given.map(({ node, embedding }) => {
    const weight = parameterOf(node.input(1))!.read();
    return embedding === undefined ? weight : embed(weight, embedding);
  });
  const sizes = layers.map(({ geometry }) => geometry.outputChannels);
  const weight = concatenate(weights, axis);
  const type = weight.type as FloatType;
  const biases = layers.map((layer) => biasRows({ ...layer, biasGain: 1 }));
  const rowed = biases.find((bias) => bias?.dims.length === 2);
  const rows = rowed === undefined ? 1 : rowCount(rowed.dims);
  const parts = biases.map((bias, at): Tensor => {
    const own = bias?.rows ?? new Float64Array(rows * sizes[at]!);
    return {
      type,
      data: narrow(type, repeated(own, rows * sizes[at]!)),
      dims: [rows, sizes[at]!],
    };
  });
  const joined = biases.some((bias) => bias !== undefined) ? concatenate(parts, 1) : undefined;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const bias = joined && { ...joined, dims: rowed === undefined ? [total] : [rows, total] };
  let from = 0;
  const checks = layers.map((layer, at) => {
    const part = { layer, embedding: given[at]!.embedding, from, size: sizes[at]!, axis };
    from += sizes[at]!;
    return partCheck(part, weight, bias);
  });
  return {
    weight,
    bias,
    sizes,
    check: (seed) => worstOf(checks.map((check) => check(seed))),
  };
}

/** Repeats one row of a bias for `count` values in all. */
function repeated(values: Float64Array, count: number): Float64Array {
  if (values.length === count) return values;
  const out = new Float64Array(count);
  for (let at = 0; at < count; at += values.length) out.set(values, at);
  return out;
}

/** Concatenates tensors of one type along an axis. */
function concatenate(tensors: readonly Tensor[], axis: number): Tensor {
  const { type, dims } = tensors[0]!;
  const total = tensors.reduce((sum, tensor) => sum + tensor.dims[axis]!, 0);
  const outer = elementCount(dims.slice(0, axis));
  const inner = elementCount(dims.slice(axis + 1));
  const stored = tensors.map(({ data }) => data as StoredArray);
  const Data = stored[0]!.constructor as new (length: number) => StoredArray;
  const out = new Data(outer * total * inner);
  let at = 0;
  for (let row = 0; row < outer; row++) {
    for (const [index, part] of stored.entries()) {
      const run = tensors[index]!.dims[axis]! * inner;
      out.set(part.subarray(row * run, (row + 1) * run), at);
      at += run;
    }
  }
  return { type, data: out, dims: dims.map((dim, i) => (i === axis ? total : dim)) };
}

/** A layer, and the place of its channels among the merged ones. */
interface MergedPart {
  readonly layer: Layer;
  readonly embedding: Embedding | undefined;
  readonly from: number;
  readonly size: number;
  readonly axis: 0 | 1;
}

/**
 * A check that cuts a part out of the merged constants and compares it with the layer it came from.
 */
function partCheck(part: MergedPart, weight: Tensor, bias: Tensor | undefined) {
  const { layer, embedding, from, size, axis } = part;
  const type = weight.type as FloatType;
  const ownBias = biasRows({ ...layer, biasGain: 1 });
  const rows = bias?.dims.length === 2 ? bias.dims[0]! : 1;
  const geometry: LayerGeometry = { ...layer.geometry, biasRows: rows };
  const stored = parameterOf(layer.node.input(1))!;
  const before = ownBias && repeated(ownBias.rows, rows * size);
  const map = scaling(new Float64Array(size).fill(1));
  return (seed: number): SiteCheck => {
    const own = cut(weight, axis, from, size);
    const kernel = embedding === undefined ? own : crop(own, stored.dims, embedding);
    // The smaller kernel is not surrounded by zeros: no bound allows that.
    if (kernel === undefined) return { error: Infinity, bound: 0, samples: own.length };
    const after = {
      weight: kernel,
      bias:
        bias === undefined
          ? narrow(type, new Float64Array(size))
          : cut(bias, bias.dims.length - 1, from, size),
    };
    const given = { weight: () => stored.read().data as StoredArray, bias: before };
    return checkFold({ type, geometry, before: given, after, map, side: 'output' }, seed);
  };
}

function cut({ data, dims }: Tensor, axis: number, from: number, size: number): StoredArray {
  const stored = data as StoredArray;
  const outer = elementCount(dims.slice(0, axis));
  const inner = elementCount(dims.slice(axis + 1));
  const Data = stored.constructor as new (length: number) => StoredArray;
  const out = new Data(outer * size * inner);
  for (let row = 0; row < outer; row++) {
    const start = (row * dims[axis]! + from) * inner;
    out.set(stored.subarray(start, start + size * inner), row * size * inner);
  }
  return out;
}

function worstOf(checks: readonly SiteCheck[]): SiteCheck {
  const worst = checks.reduce((a, b) => (b.error > a.error ? b : a));
  return { ...worst, samples: checks.reduce((sum, { samples }) => sum + samples, 0) };
}
