// Models and tensors of the corpus, and how to compare with its reference outputs.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import type { Model } from '#convfuse/ir/model.js';
import { ExternalData } from '#convfuse/onnx/external-data.js';
import { FileConstant } from '#convfuse/onnx/file-constant.js';
import { readModel } from '#convfuse/onnx/read.js';
import { parseTensor } from '#convfuse/onnx/tensor-record.js';
import { isFloat16Array } from '#convfuse/tensor/dtype.js';
import { fromBfloat16, fromFloat16 } from '#convfuse/tensor/half.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { readNpy } from './corpus.js';

export function readModelFile(file: string): Model {
  return readModel({ bytes: readFileSync(file), path: file, external: new ExternalData(file) });
}

/** A tensor in a .npy file, or in a file that holds one TensorProto. */
export function readTensorFile(file: string): Tensor {
  if (file.endsWith('.npy')) return readNpy(file);
  const bytes = readFileSync(file);
  const source = { bytes, path: file, external: undefined };
  const range = { start: 0, end: bytes.length };
  return new FileConstant(source, range, parseTensor(bytes, range, file), file).read();
}

/** Files input_0, input_1 ... (or output_ ...) of a folder, in order. */
export function numberedFiles(folder: string, stem: string): string[] {
  if (!existsSync(folder)) return [];
  const found = readdirSync(folder).filter((name) => name.startsWith(`${stem}_`));
  const number = (name: string): number => Number(/_(\d+)\./.exec(name)?.[1]);
  return found.sort((a, b) => number(a) - number(b)).map((name) => path.join(folder, name));
}

/** Elements as numbers, out of their bits for the 16-bit types where an array has bits. */
export function valuesOf({ type, data }: Tensor): number[] {
  const values = Array.from(data as ArrayLike<number | bigint>, Number);
  if (ArrayBuffer.isView(data) && isFloat16Array(data)) return values;
  if (type === 'float16') return values.map(fromFloat16);
  return type === 'bfloat16' ? values.map(fromBfloat16) : values;
}

/**
 * The largest of |actual - expected| / (1 + |expected|): at most t where every element is within
 * an absolute t plus a relative t. Infinite where types, shapes or NaN differ.
 */
export function distance(actual: Tensor, expected: Tensor): number {
  if (actual.type !== expected.type) return Infinity;
  if (actual.dims.join() !== expected.dims.join()) return Infinity;
  const got = valuesOf(actual);
  return valuesOf(expected).reduce((worst, want, i) => {
    if (Object.is(want, got[i]) || want === got[i]) return worst;
    const apart = Math.abs(got[i]! - want) / (1 + Math.abs(want));
    return Math.max(worst, Number.isNaN(apart) ? Infinity : apart);
  }, 0);
}
