import type { DataType } from '../tensor/dtype.js';
import { TensorProto_DataType as Code } from './gen/onnx_pb.js';

/** A field of TensorProto that holds elements as numbers or strings: float_data, int32_data, ... */
export type TypedField = 'float' | 'int32' | 'string' | 'int64' | 'double' | 'uint64';

/** How elements of a type are stored in a file. */
export interface Storage {
  /** undefined: an exotic type, which is kept for writing but never read. */
  readonly type: DataType | undefined;
  /** Bits of an element in raw_data; 0 for strings, which raw_data cannot hold. */
  readonly bits: number;
  readonly field: TypedField;
  /** Elements that one entry of the typed field holds: 0.5 for complex numbers. */
  readonly perEntry: number;
}

const STORAGE = new Map<number, Storage>();

function define(
  code: Code,
  type: DataType | undefined,
  bits: number,
  field: TypedField,
  perEntry = 1,
): void {
  STORAGE.set(code, { type, bits, field, perEntry });
}

define(Code.FLOAT, 'float32', 32, 'float');
define(Code.UINT8, 'uint8', 8, 'int32');
define(Code.INT8, 'int8', 8, 'int32');
define(Code.UINT16, 'uint16', 16, 'int32');
define(Code.INT16, 'int16', 16, 'int32');
define(Code.INT32, 'int32', 32, 'int32');
define(Code.INT64, 'int64', 64, 'int64');
define(Code.STRING, 'string', 0, 'string');
define(Code.BOOL, 'bool', 8, 'int32');
define(Code.FLOAT16, 'float16', 16, 'int32');
define(Code.DOUBLE, 'float64', 64, 'double');
define(Code.UINT32, 'uint32', 32, 'uint64');
define(Code.UINT64, 'uint64', 64, 'uint64');
define(Code.COMPLEX64, undefined, 64, 'float', 0.5);
define(Code.COMPLEX128, undefined, 128, 'double', 0.5);
define(Code.BFLOAT16, 'bfloat16', 16, 'int32');
define(Code.FLOAT8E4M3FN, undefined, 8, 'int32');
define(Code.FLOAT8E4M3FNUZ, undefined, 8, 'int32');
define(Code.FLOAT8E5M2, undefined, 8, 'int32');
define(Code.FLOAT8E5M2FNUZ, undefined, 8, 'int32');
define(Code.UINT4, undefined, 4, 'int32', 2);
define(Code.INT4, undefined, 4, 'int32', 2);
define(Code.FLOAT4E2M1, undefined, 4, 'int32', 2);
define(Code.FLOAT8E8M0, undefined, 8, 'int32');
define(Code.UINT2, undefined, 2, 'int32', 4);
define(Code.INT2, undefined, 2, 'int32', 4);

/** How elements of a type code are stored; undefined for an unknown code. */
export function storageOf(code: number): Storage | undefined {
  return STORAGE.get(code);
}

/** The ONNX code of a type. */
export function codeOf(type: DataType): number {
  for (const [code, storage] of STORAGE) if (storage.type === type) return code;
  throw new RangeError(type); // unreachable: every DataType is in the table
}
