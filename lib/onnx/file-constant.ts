import { ConvfuseError } from '../errors.js';
import type { Constant } from '../ir/constant.js';
import { elementBytes, type DataType } from '../tensor/dtype.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Storage } from './data-types.js';
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

/** A tensor of the file. Its elements are looked at when someone reads them. */
export class FileConstant implements Constant {
  readonly type: DataType | undefined;
  readonly dims: readonly number[];
  readonly byteLength: number;
  readonly origin: TensorOrigin;
  readonly #label: string;
  /** Elements that had to be converted, as long as someone holds on to them. */
  #recent: WeakRef<Tensor> | undefined;

  /** @throws ConvfuseError ERR_TENSOR, ERR_LIMIT, ERR_EXTERNAL_DATA, ERR_EXTERNAL_PATH */
  constructor(source: Source, range: Range, record: TensorRecord, label: string) {
    this.type = record.storage?.type;
    this.dims = record.dims;
    this.byteLength = record.byteLength;
    this.origin = { source, range, external: record.external !== undefined };
    this.#label = label;
    if (record.external === undefined) return;
    if (source.external === undefined) {
      throw new ConvfuseError(
        'ERR_EXTERNAL_PATH',
        `tensor ${label} is in a data file: load the model by its path`,
      );
    }
    source.external.admit(record.external, record.byteLength, label);
  }

  read(): Tensor {
    const recent = this.#recent?.deref();
    if (recent !== undefined) return recent;
    const { type, dims } = this;
    if (type === undefined) {
      throw new ConvfuseError(
        'ERR_UNSUPPORTED',
        `tensor ${this.#label} has an element type that is carried, not read`,
      );
    }
    const { source, range } = this.origin;
    const record = parseTensor(source.bytes, range, this.#label);
    const data = this.#elements(type, record, record.storage!);
    const tensor: Tensor = { type, dims, data };
    this.#recent = new WeakRef(tensor);
    return tensor;
  }

  #elements(type: DataType, record: TensorRecord, storage: Storage): Tensor['data'] {
    const { source, range } = this.origin;
    if (record.external !== undefined) {
      const bytes = source.external!.read(record.external, record.byteLength);
      return viewElements(type as Exclude<DataType, 'string'>, bytes);
    }
    const { raw } = record;
    // An empty raw_data may stand beside a typed field that holds the elements.
    if (raw !== undefined && raw.end - raw.start === record.count * elementBytes(type)) {
      if (type !== 'string') return viewElements(type, source.bytes.subarray(raw.start, raw.end));
    }
    return readTyped(type, record.count, source.bytes, range, storage.field);
  }
}
