import type { FloatArray } from '../backend/backend.js';
import { elementCount } from '../tensor/shape.js';
import { likeInput } from './facts.js';
import { floatsOf, required } from './run-tensor.js';
import { floatOf, nodeError, operator } from './schema.js';

/**
 * y = x / (bias + alpha / size * sum of squares over `size` channels around x) ^ beta
 * (Krizhevsky et al. 2012, section 3.3).
 */
export const lrn = operator('LRN', {
  infer: likeInput,
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const size = node.attribute('size', 'int');
    if (size === undefined || size < 1) throw nodeError(node, 'ERR_MODEL', 'size is missing');
    const factor = floatOf(node, 'alpha', 1e-4) / size;
    const beta = floatOf(node, 'beta', 0.75);
    const bias = floatOf(node, 'bias', 1);
    const [batch, channels] = [x.dims[0]!, x.dims[1]!];
    const plane = elementCount(x.dims.slice(2));
    const source = floatsOf(node, x);
    const data = call.allocate(x.type, x.dims) as FloatArray;
    const before = Math.floor((size - 1) / 2);
    const after = Math.ceil((size - 1) / 2);
    const sums = new Float64Array(plane);
    for (let n = 0; n < batch; n++) {
      for (let c = 0; c < channels; c++) {
        sums.fill(0);
        const last = Math.min(channels - 1, c + after);
        for (let k = Math.max(0, c - before); k <= last; k++) {
          const from = (n * channels + k) * plane;
          for (let i = 0; i < plane; i++) sums[i]! += source[from + i]! ** 2;
        }
        const at = (n * channels + c) * plane;
        for (let i = 0; i < plane; i++) {
          data[at + i] = source[at + i]! / (bias + factor * sums[i]!) ** beta;
        }
      }
    }
    return [{ ...x, data }];
  },
});
