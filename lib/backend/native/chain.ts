import type { BoundLayer } from '../backend.js';
import type { Addon } from './addon.js';
import { boundLayer } from './bound.js';
import type { ChainLink } from './conv-addon.js';
import { native } from './errors.js';

/** What createChain() needs to know of a layer. */
interface Linkable {
  readonly threads: number;
  readonly link: ChainLink;
}

const links = new WeakMap<BoundLayer, Linkable>();

/** Registers a layer, so that nativeChain() can make it part of a chain. Returns the layer. */
export function linkable(layer: BoundLayer, known: Linkable): BoundLayer {
  links.set(layer, known);
  return layer;
}

/** Implements Backend.chain(). */
export function nativeChain(
  addon: Addon,
  isa: string,
  layers: readonly BoundLayer[],
): BoundLayer | undefined {
  const found = layers.map((layer) => links.get(layer));
  if (!found.every((layer) => layer !== undefined) || found.length === 0) return undefined;
  const threads = Math.max(...found.map((layer) => layer.threads));
  const chain = native(() =>
    addon.createChain(
      isa,
      found.map(({ link }) => link),
      threads,
    ),
  );
  if (chain === undefined) return undefined;
  return boundLayer((x, residual, out) => addon.runChain(chain, x, residual, out));
}
