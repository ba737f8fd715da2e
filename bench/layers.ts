import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Random } from '#convfuse/tensor/random.js';

/** A convolution to time: square kernel, equal strides and pads on both axes. */
export interface Layer {
  readonly name: string;
  readonly group: string;
  readonly c: number;
  readonly h: number;
  readonly w: number;
  readonly oc: number;
  readonly k: number;
  readonly stride: number;
  readonly pad: number;
  readonly groups: number;
}

// From out/bench to the sources: JSON is not copied by the compiler.
const shapes = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../bench/shapes');

export function readLayers(file = 'layers.json'): Layer[] {
  return JSON.parse(readFileSync(path.join(shapes, file), 'utf8')) as Layer[];
}

export function outputSize(layer: Layer): readonly [number, number] {
  const along = (size: number): number =>
    Math.floor((size + 2 * layer.pad - layer.k) / layer.stride) + 1;
  return [along(layer.h), along(layer.w)];
}

/** Floating-point operations of one run: two for each multiply-accumulate. */
export function flops(layer: Layer, batch: number): number {
  const [h, w] = outputSize(layer);
  return 2 * batch * layer.oc * h * w * (layer.c / layer.groups) * layer.k ** 2;
}

/** Seeded weights of a layer, scaled so that outputs have a variance near 1, and an input. */
export function layerData(layer: Layer, batch: number, seed = 1) {
  const random = new Random(seed);
  const taps = (layer.c / layer.groups) * layer.k ** 2;
  return {
    weight: {
      type: 'float32' as const,
      data: random.normals(layer.oc * taps).map((value) => value / Math.sqrt(taps)),
      dims: [layer.oc, layer.c / layer.groups, layer.k, layer.k],
    },
    bias: random.normals(layer.oc),
    x: {
      type: 'float32' as const,
      data: random.normals(batch * layer.c * layer.h * layer.w),
      dims: [batch, layer.c, layer.h, layer.w],
    },
  };
}
