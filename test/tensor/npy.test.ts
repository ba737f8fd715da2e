import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import test from 'ava';
import fc from 'fast-check';

import { ConvfuseError } from '#convfuse/errors.js';
import { allocate, type DataType } from '#convfuse/tensor/dtype.js';
import { formatNpy, isNpy, parseNpy } from '#convfuse/tensor/npy.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';

import { corpus } from '../helpers/corpus.js';

const TYPES: readonly DataType[] = [
  'float32',
  'float64',
  'float16',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
];
const SHAPES = [[], [0], [1], [3], [2, 3], [1, 0, 4], [2, 1, 3, 2]];

function filled(type: DataType, dims: readonly number[]): Tensor {
  const data = allocate(type, elementCount(dims));
  const bytes = new Uint8Array((data as Uint8Array).buffer);
  for (let at = 0; at < bytes.length; at++) bytes[at] = type === 'bool' ? at % 2 : (at * 37) % 120;
  return { type, data, dims };
}

for (const type of TYPES) {
  test(`${type} arrays of every rank come back as they were`, (t) => {
    for (const dims of SHAPES) {
      const bytes = formatNpy(filled(type, dims));
      t.true(isNpy(bytes));
      t.is(bytes.indexOf(0x0a) % 64, 63, 'data starts at a multiple of 64');
      t.deepEqual(parseNpy(bytes), filled(type, dims));
    }
  });
}

/** A file with this header, as NumPy writes it. */
function file(header: string, data: Uint8Array, version = 1): Uint8Array {
  const text = Buffer.from(header + '\n', 'latin1');
  const head = Buffer.alloc(version === 1 ? 10 : 12);
  head.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  if (version === 1) head.writeUInt16LE(text.length, 8);
  else head.writeUInt32LE(text.length, 8);
  return Buffer.concat([head, text, data]);
}

const HEADER = "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }";

test('both versions of the header are read, and data at any offset', (t) => {
  for (const version of [1, 2]) {
    const tensor = parseNpy(file(HEADER, Uint8Array.of(1, 2, 3, 4), version));
    t.deepEqual(tensor, { type: 'int16', data: Int16Array.of(0x201, 0x403), dims: [2] });
  }
});

const REFUSED: readonly [string, Uint8Array, string][] = [
  ['an empty file', new Uint8Array(0), 'ERR_TENSOR'],
  ['another magic number', Buffer.from('PK\x03\x04 and so on'), 'ERR_TENSOR'],
  ['too little data', file(HEADER, new Uint8Array(3)), 'ERR_TENSOR'],
  ['too much data', file(HEADER, new Uint8Array(5)), 'ERR_TENSOR'],
  ['a header past the end', file(HEADER, new Uint8Array(0)).subarray(0, 30), 'ERR_TENSOR'],
  ['no shape', file("{'descr': '<f4'}", new Uint8Array(0)), 'ERR_TENSOR'],
  ['big endian', file(HEADER.replace('<', '>'), new Uint8Array(4)), 'ERR_UNSUPPORTED'],
  ['Fortran order', file(HEADER.replace('False', 'True'), new Uint8Array(4)), 'ERR_UNSUPPORTED'],
  ['Python objects', file(HEADER.replace('<i2', '|O'), new Uint8Array(4)), 'ERR_UNSUPPORTED'],
  [
    'more elements than there are numbers',
    file(HEADER.replace('(2,)', '(9007199254740993, 9007199254740993)'), new Uint8Array(4)),
    'ERR_TENSOR',
  ],
];

for (const [name, bytes, code] of REFUSED) {
  test(`refused: ${name}`, (t) => {
    const error = t.throws(() => parseNpy(bytes), { instanceOf: ConvfuseError });
    t.is(error!.code, code as ConvfuseError['code']);
  });
}

test('changed bytes are read or refused, nothing else', (t) => {
  const bytes = formatNpy(filled('float32', [2, 3]));
  fc.assert(
    fc.property(
      fc.nat(bytes.length - 1),
      fc.integer({ min: 0, max: 255 }),
      fc.nat(200),
      (at, byte, cut) => {
        const mutant = bytes.slice(0, bytes.length - (cut > 150 ? cut - 150 : 0));
        if (at < mutant.length) mutant[at] = byte;
        try {
          const { data, dims } = parseNpy(mutant);
          return data.length === elementCount(dims);
        } catch (error) {
          return error instanceof ConvfuseError;
        }
      },
    ),
    { numRuns: 2000, seed: 1 },
  );
  t.pass();
});

test('strings have no place in the format', (t) => {
  t.throws(() => formatNpy({ type: 'string', data: ['a'], dims: [1] }), {
    instanceOf: ConvfuseError,
  });
});

test('files that NumPy wrote are read', (t) => {
  const folder = corpus('cases/conv2d_bn_bias');
  if (folder === undefined) {
    t.pass();
    return;
  }
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.npy'))) {
    const tensor = parseNpy(readFileSync(path.join(folder, name)));
    t.is(tensor.type, 'float32');
    t.is(tensor.data.length, elementCount(tensor.dims));
  }
});
