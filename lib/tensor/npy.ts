// NumPy's .npy format, version 1 and 2: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

import { ConvfuseError } from '../errors.js';
import { allocate, elementBytes, type DataType } from './dtype.js';
import { elementCount } from './shape.js';
import type { Tensor } from './tensor.js';

const DESCRIPTORS: ReadonlyMap<string, DataType> = new Map([
  ['<f4', 'float32'],
  ['<f8', 'float64'],
  ['<f2', 'float16'],
  ['|i1', 'int8'],
  ['|u1', 'uint8'],
  ['<i2', 'int16'],
  ['<u2', 'uint16'],
  ['<i4', 'int32'],
  ['<u4', 'uint32'],
  ['<i8', 'int64'],
  ['<u8', 'uint64'],
  ['|b1', 'bool'],
]);

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

export function isNpy(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, index) => bytes[index] === byte);
}

/**
 * Reads a .npy array: little endian, C order.
 *
 * @throws ConvfuseError ERR_TENSOR, ERR_UNSUPPORTED
 */
export function parseNpy(bytes: Uint8Array): Tensor {
  if (!isNpy(bytes) || bytes.length < 12) throw malformed('no magic number');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6]! >= 2;
  const start = wide ? 12 : 10;
  const end = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  if (end > bytes.length) throw malformed('header is cut off');
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, end));
  const descriptor = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const shape = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (descriptor === undefined || shape === undefined) throw malformed('header lacks descr, shape');
  const type = DESCRIPTORS.get(descriptor);
  if (type === undefined || /'fortran_order':\s*True/.test(header)) {
    throw new ConvfuseError(
      'ERR_UNSUPPORTED',
      `expected little-endian numbers or booleans in C order for a .npy file, received ${descriptor}`,
    );
  }
  const dims = shape
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
  const byteLength = elementCount(dims) * elementBytes(type);
  if (byteLength !== bytes.length - end) throw malformed(`expected ${byteLength} bytes of data`);
  const data = allocate(type, elementCount(dims)) as Exclude<Tensor['data'], readonly string[]>;
  new Uint8Array(data.buffer).set(bytes.subarray(end));
  return { type, data, dims };
}

/** Writes a .npy array, version 1. @throws ConvfuseError ERR_UNSUPPORTED */
export function formatNpy(tensor: Tensor): Uint8Array {
  const descriptor = [...DESCRIPTORS].find(([, type]) => type === tensor.type)?.[0];
  if (descriptor === undefined || !ArrayBuffer.isView(tensor.data)) {
    throw new ConvfuseError('ERR_UNSUPPORTED', `npy cannot hold ${tensor.type}`);
  }
  const tuple = tensor.dims.length === 1 ? `${tensor.dims[0]},` : tensor.dims.join(', ');
  const text = `{'descr': '${descriptor}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const padded = text.padEnd(Math.ceil((10 + text.length + 1) / 64) * 64 - 11) + '\n';
  const { buffer, byteOffset, byteLength } = tensor.data;
  const bytes = new Uint8Array(10 + padded.length + byteLength);
  bytes.set(MAGIC);
  bytes[6] = 1;
  new DataView(bytes.buffer).setUint16(8, padded.length, true);
  bytes.set(new TextEncoder().encode(padded), 10);
  bytes.set(new Uint8Array(buffer, byteOffset, byteLength), 10 + padded.length);
  return bytes;
}

function malformed(what: string): ConvfuseError {
  return new ConvfuseError('ERR_TENSOR', `not a valid .npy file: ${what}`);
}
