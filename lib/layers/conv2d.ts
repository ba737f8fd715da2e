import type { Tensor } from '../tensor/tensor.js';
import type { ConvOptions } from './conv-options.js';
import { FusedConv2d } from './fused-conv2d.js';

/**
 * activation(conv(x, weight) + bias), by the definition of ONNX Conv, synchronously. For many runs
 * with the same weights use a FusedConv2d, which packs them once.
 *
 * @param x [N, C, ...spatial], or [N, ...spatial, C] in layout 'nhwc'
 * @returns a new tensor of [N, M, ...spatial] or [N, ...spatial, M]
 * @throws ConvfuseError as FusedConv2d
 */
export function conv2d(x: Tensor, options: ConvOptions): Tensor {
  const layer = new FusedConv2d(options);
  try {
    return layer.runSync(x);
  } finally {
    layer.dispose();
  }
}
