// Layers that make a chain, as the addon holds them.

import { loadAddon } from '#convfuse/backend/native/binding.js';
import type { ChainLink, ConvHandle } from '#convfuse/backend/native/conv-addon.js';

const loaded = loadAddon();
if ('reason' in loaded) throw new Error(loaded.reason);
export const { addon } = loaded;

export const isa = addon.info().isas[0]!;
/** A plane of 2 x 3 in blocks without a halo. */
export const BLOCKS = Uint32Array.of(
  ...[1, 1, 2, 3, 1, 2, 3, 0, 0, 0],
  ...[0, 1, 2].flatMap(() => [1, 0, 0, 0, 0]),
);
/** Floats of one block of it. */
export const BLOCK = 6 * addon.info().lanes[0]!;

export const floats = (length: number): Float32Array => new Float32Array(length).fill(1);

/** From 2 channels, by weights and biases of 1. */
export function linkOf(channels: number): ConvHandle {
  const geometry = Uint32Array.of(2, channels, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0);
  const plain = Float32Array.of(0, 0, 1, -0, -Infinity, Infinity);
  const [weight, bias] = [floats(2 * channels), floats(channels)];
  return addon.createConv(isa, geometry, weight, bias, 0, 0, plain, undefined, false);
}

export const makeLinks = (): ChainLink[] => [0, 1].map(() => [linkOf(2), BLOCKS]);

/** The largest of each pixel alone, on the same blocks. */
export const POOL: ChainLink = [
  false,
  Uint32Array.of(1, 2, 2, 3, 2, 3, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0),
  Int32Array.of(0, 1, 1, 1, 1, 1, 0, 1, 2, 1, 1, 1, 1, 1, 1),
];
