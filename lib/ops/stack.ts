import { elementCount } from '../tensor/shape.js';
import type { DataType } from '../tensor/dtype.js';
import type { Evaluation, RunTensor } from './operator.js';
import { nodeError } from './schema.js';
import { copyElements } from './strided.js';

/**
 * What rounds of a loop gave, as one tensor with a new first axis. Without rounds the element type
 * is not known: float32.
 *
 * @throws ConvfuseError ERR_MODEL where a round gave nothing, or something of another shape or type
 */
export function stack(call: Evaluation, parts: readonly (RunTensor | undefined)[]): RunTensor {
  const [first] = parts;
  const type: DataType = first?.type ?? 'float32';
  const inner = first?.dims ?? [];
  const dims = [parts.length, ...inner];
  const data = call.allocate(type, dims);
  const size = elementCount(inner);
  parts.forEach((part, round) => {
    if (part?.type !== type || part.dims.join() !== inner.join()) {
      const given = part === undefined ? 'nothing' : `${part.type}[${part.dims.join(', ')}]`;
      const message = `round ${round} gave ${given} after ${type}[${inner.join(', ')}]`;
      throw nodeError(call.node, 'ERR_MODEL', message);
    }
    copyElements(data, round * size, part.data, 0, size);
  });
  return { type, dims, data };
}
