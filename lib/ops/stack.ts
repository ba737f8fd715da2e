import type { Value } from '../ir/value.js';
import type { DataType } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import type { Evaluation, RunTensor } from './operator.js';
import { nodeError } from './schema.js';
import { copyElements } from './strided.js';

/**
 * What rounds of a loop gave, as one tensor with a new first axis. Without rounds it is as the body
 * declares its output: of float32 where it says nothing, and with zeros for unknown dimensions.
 *
 * @param output of the body
 * @throws ConvfuseError ERR_MODEL where a round gave nothing, or something of another shape or type
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
      const message = `round ${round} gave ${given} after ${type}[${inner.join(', ')}]`;
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
