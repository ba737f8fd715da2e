import { elementBytes, type DataType } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Room } from './room.js';

/**
 * A tensor that is part of the model. Its elements are read when someone asks: a model's weights
 * may be larger than what a rule ever looks at.
 */
export interface Constant {
  /** undefined: an element type this version does not know. It is carried, never read. */
  readonly type: DataType | undefined;
  readonly dims: readonly number[];
  /** Bytes the elements take in the file. */
  readonly byteLength: number;
  /**
   * The elements. A view of the file's bytes where alignment allows: never write to it.
   *
   * @param room where they may go when they have to be copied: they are good while it is not taken again
   * @throws ConvfuseError ERR_TENSOR, ERR_EXTERNAL_DATA, ERR_EXTERNAL_PATH, ERR_UNSUPPORTED
   */
  read(room?: Room): Tensor;
  /** What the reader needs to write it back unchanged. Opaque to everyone else. */
  readonly origin?: unknown;
}

/** A constant made here, out of a tensor. */
export function constantOf(tensor: Tensor): Constant {
  return {
    type: tensor.type,
    dims: tensor.dims,
    byteLength: elementCount(tensor.dims) * elementBytes(tensor.type),
    read: () => tensor,
  };
}
