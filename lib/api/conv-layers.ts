import { ConvfuseError } from '../errors.js';
import type { Constant } from '../ir/constant.js';
import type { Node } from '../ir/node.js';
import type { ConvOptions } from '../layers/conv-options.js';
import { convGeometry, type Geometry } from '../ops/conv.js';
import { transposedGeometry } from '../ops/conv-transpose.js';
import { knownDims } from '../ops/facts.js';
import type { Inference } from '../ops/infer.js';
import { toRunTensor } from '../ops/run-tensor.js';
import { isFloatType } from '../tensor/dtype.js';
import type { Tensor } from '../tensor/tensor.js';
import { resolveWindow } from '../tensor/window.js';

/** A convolution of a model as a layer of its own. */
export interface ConvLayer {
  readonly node: Node;
  /** Dimensions of its input, [N, C, ...spatial]. */
  readonly dims: readonly number[];
  /** Weights, bias and geometry, in float32; no activation. */
  readonly options: ConvOptions;
}

/**
 * A node as a layer, with inferred shapes. undefined where it is no Conv or ConvTranspose, its
 * shapes or weights are unknown, or a FusedConv2d cannot compute it.
 */
export function convLayer(node: Node, inference: Inference): ConvLayer | undefined {
  if (!node.is('Conv') && !node.is('ConvTranspose')) return undefined;
  const [x, w, b] = inference.inputs(node);
  const dims = knownDims(x);
  if (dims === undefined || w?.constant === undefined || x?.type === 'float64') return undefined;
  if (node.optionalInput(2) !== undefined && b?.constant === undefined) return undefined;
  const weight = floats(w.constant);
  const bias = b?.constant && floats(b.constant);
  if (weight === undefined) return undefined;
  try {
    return { node, dims, options: { weight, bias, ...geometryOptions(node, dims, weight.dims) } };
  } catch (error) {
    if (error instanceof ConvfuseError) return undefined;
    throw error;
  }
}

function geometryOptions(
  node: Node,
  dims: readonly number[],
  weight: readonly number[],
): Omit<ConvOptions, 'weight'> {
  const geometry: Geometry = node.is('Conv')
    ? convGeometry(node, dims, weight)
    : transposedGeometry(node, dims, weight).geometry;
  const { window, groups, transposed } = geometry;
  return {
    stride: window.strides,
    dilation: window.dilations,
    groups,
    ...(transposed === undefined
      ? { padding: explicitPads(window, dims.slice(2)) }
      : { padding: sides(window.padding), transposed: true, ...transposed }),
  };
}

function explicitPads(window: Geometry['window'], spatial: readonly number[]): readonly number[] {
  const { padBegin, padEnd } = resolveWindow(window, spatial);
  return [...padBegin, ...padEnd];
}

/** The pads of a transposed convolution, which are explicit already. */
function sides(padding: Geometry['window']['padding']): readonly number[] | 0 {
  return typeof padding === 'string' ? 0 : [...padding.begin, ...padding.end];
}

function floats(constant: Constant): Tensor | undefined {
  if (!isFloatType(constant.type)) return undefined;
  const { dims, data } = toRunTensor(constant.read(), 'float32');
  return { type: 'float32', dims, data: data as Float32Array };
}
