// Layers that make a chain, as the addon holds them.

import { loadAddon } from '#convfuse/backend/native/binding.js';
import type { ConvHandle } from '#convfuse/backend/native/conv-addon.js';

const loaded = loadAddon();
if ('reason' in loaded) throw new Error(loaded.reason);
export const { addon } = loaded;

const isa = addon.info().isas[0]!;
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

export const makeLinks = (): ConvHandle[] => [linkOf(2), linkOf(2)];
