import type { FloatArray } from '../backend/backend.js';
import type { Node } from '../ir/node.js';
import { inferPool, poolOf } from './pool.js';
import { floatsOf, required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';

/** The attribute p, which is a float in opset 1. */
function powerOf(node: Node): number {
  const found = node.attributes.get('p');
  const p = found?.kind === 'int' || found?.kind === 'float' ? found.value : 2;
  if (!(p > 0)) throw nodeError(node, 'ERR_MODEL', `expected p above 0, received ${p}`);
  return p;
}

/** y = (sum of |x|^p in each window)^(1/p); pads add nothing. */
export const lpPool = operator('LpPool', {
  infer: (node, inputs) => inferPool(node, inputs).slice(0, 1),
  evaluate(call, inputs) {
    const { node } = call;
    const x = required(node, inputs, 0);
    const { planes, axes, outDims: dims } = poolOf(node, x.dims);
    const [depth, height, width] = axes;
    const plane = depth.input * height.input * width.input;
    const p = powerOf(node);
    const source = floatsOf(node, x);
    const data = call.allocate(x.type, dims) as FloatArray;
    const outputs = depth.output * height.output * width.output;
    for (let at = 0; at < planes * outputs; at++) {
      const from = Math.floor(at / outputs) * plane;
      const d = Math.floor(at / (height.output * width.output)) % depth.output;
      const h = Math.floor(at / width.output) % height.output;
      const w = at % width.output;
      let sum = 0;
      for (let kd = 0; kd < depth.taps[d]!; kd++) {
        const i = depth.start[d]! + kd * depth.dilation;
        for (let kh = 0; kh < height.taps[h]!; kh++) {
          const j = height.start[h]! + kh * height.dilation;
          let k = from + (i * height.input + j) * width.input + width.start[w]!;
          for (let kw = width.taps[w]!; kw > 0; kw--, k += width.dilation) {
            sum += Math.abs(source[k]!) ** p;
          }
        }
      }
      data[at] = sum ** (1 / p);
    }
    return [{ type: x.type, dims, data }];
  },
});
