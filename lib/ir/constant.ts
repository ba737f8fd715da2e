import { elementBytes, type DataType } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Room } from './room.js';

/**
 * A tensor that is part of the model. Its elements are read only on demand: a model's weights may
 * be far larger than the part that rules look at.
 */
export interface Constant {
  /** undefined: an unknown element type. The constant is kept for writing, never read. */
  readonly type: DataType | undefined;
  readonly dims: readonly number[];
  /** Bytes the elements take in the file. */
  readonly byteLength: number;
  /**
   * The elements, as a view of the file's bytes where alignment allows: never write to it.
   *
   * @param room memory to copy the elements to when a view is impossible; they are then valid until
   * the room's next take()
   * @throws ConvfuseError ERR_TENSOR, ERR_EXTERNAL_DATA, ERR_EXTERNAL_PATH, ERR_UNSUPPORTED
   */
  read(room?: Room): Tensor;
  /** What the reader needs to write it back unchanged. Opaque to everyone else. */
  readonly origin?: unknown;
}

/** Makes a constant of a tensor in memory. */
export function constantOf(tensor: Tensor): Constant {
  return {
    type: tensor.type,
    dims: tensor.dims,
    byteLength: elementCount(tensor.dims) * elementBytes(tensor.type),
    read: () => tensor,
  };
}
