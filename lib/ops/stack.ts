import type { Value } from '../ir/value.js';
import type { DataType } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import type { Evaluation, RunTensor } from './operator.js';
import { nodeError } from './schema.js';
import { copyElements } from './strided.js';

/**
 * Stacks the outputs of all iterations along a new first axis. Without iterations, type and shape
 * are those that the body declares: float32 by default, and 0 for unknown dimensions.
 *
 * @param output of the body
 * @throws ConvfuseError ERR_MODEL where an iteration returned nothing, or another shape or type
 */
export function stack(
  call: Evaluation,
  parts: readonly (RunTensor | undefined)[],
  output: Value | undefined,
): RunTensor {
  const [first = declared(output)] = parts;
  const { type, dims: inner } = first;
  const dims = [parts.length, ...inner];
  const data = call.allocate(type, dims);
  const size = elementCount(inner);
  parts.forEach((part, round) => {
    if (part?.type !== type || part.dims.join() !== inner.join()) {
      const given = part === undefined ? 'nothing' : `${part.type}[${part.dims.join(', ')}]`;
      const message = `iteration ${round} returned ${given}, earlier ones ${type}[${inner.join(', ')}]`;
      throw nodeError(call.node, 'ERR_MODEL', message);
    }
    copyElements(data, round * size, part.data, 0, size);
  });
  return { type, dims, data };
}

function declared(output: Value | undefined): Omit<RunTensor, 'data'> {
  const { type = 'float32' as DataType, dims = [] } = output?.declaration ?? {};
  return { type, dims: dims.map((size) => (typeof size === 'number' ? size : 0)) };
}
