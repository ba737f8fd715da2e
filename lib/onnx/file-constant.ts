import { ConvfuseError } from '../errors.js';
import type { Constant } from '../ir/constant.js';
import type { Room } from '../ir/room.js';
import { elementBytes, type DataType } from '../tensor/dtype.js';
import type { Tensor } from '../tensor/tensor.js';
import { viewElements } from './raw-data.js';
import type { Source } from './source.js';
import { parseTensor, type TensorRecord } from './tensor-record.js';
import { readTyped } from './typed-data.js';
import type { Range } from './wire.js';

/** Where a constant comes from: the payload of a TensorProto record. */
export interface TensorOrigin {
  readonly source: Source;
  readonly range: Range;
  readonly external: boolean;
}

/** A tensor of the file, whose elements are read on demand. */
export class FileConstant implements Constant {
  readonly type: DataType | undefined;
  readonly dims: readonly number[];
  readonly byteLength: number;
  readonly origin: TensorOrigin;
  readonly #label: string;
  /** The raw data, where the elements are there; undefined: read() has to find them. */
  readonly #raw: Range | undefined;
  /**
   * The tensor last read, as long as somebody else holds it: converting the elements again takes
   * time.
   */
  #recent: WeakRef<Tensor> | undefined;

  /** @throws ConvfuseError ERR_TENSOR, ERR_LIMIT, ERR_EXTERNAL_DATA, ERR_EXTERNAL_PATH */
  constructor(source: Source, range: Range, record: TensorRecord, label: string) {
    this.type = record.storage?.type;
    this.dims = record.dims;
    this.byteLength = record.byteLength;
    this.origin = { source, range, external: record.external !== undefined };
    this.#label = label;
    this.#raw = plainElements(record);
    if (record.external === undefined) return;
    if (source.external === undefined) {
      throw new ConvfuseError(
        'ERR_EXTERNAL_PATH',
        `tensor ${label} is in a data file: load the model by its path`,
      );
    }
    source.external.admit(record.external, record.byteLength, label);
  }

  read(room?: Room): Tensor {
    const recent = this.#recent?.deref();
    if (recent !== undefined) return recent;
    const { type, dims } = this;
    if (type === undefined) {
      throw new ConvfuseError(
        'ERR_UNSUPPORTED',
        `tensor ${this.#label} has an element type that this version cannot read`,
      );
    }
    const data = this.#elements(type, room);
    const tensor: Tensor = { type, dims, data };
    if (room === undefined && this.byteLength > SMALL) this.#recent = new WeakRef(tensor);
    return tensor;
  }

  #elements(type: DataType, room: Room | undefined): Tensor['data'] {
    const { source, range } = this.origin;
    if (this.#raw !== undefined && type !== 'string') {
      return viewElements(type, source.bytes.subarray(this.#raw.start, this.#raw.end), room);
    }
    const { external, byteLength, count, storage } = parseTensor(source.bytes, range, this.#label);
    if (external !== undefined) {
      const bytes = source.external!.read(external, byteLength);
      return viewElements(type as Exclude<DataType, 'string'>, bytes);
    }
    return readTyped(type, count, source.bytes, range, storage!.field);
  }
}

/** Bytes. Smaller tensors are converted at each read(): a weak reference costs more. */
const SMALL = 4096;

/**
 * The raw data of a tensor that has its elements there. An empty field may exist beside a typed
 * one.
 */
function plainElements({ raw, storage, count }: TensorRecord): Range | undefined {
  const type = storage?.type;
  if (raw === undefined || type === undefined || type === 'string') return undefined;
  return raw.end - raw.start === count * elementBytes(type) ? raw : undefined;
}
