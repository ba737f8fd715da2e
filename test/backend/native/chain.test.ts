// Layers that follow each other as one object of the addon: what is refused, and what is freed when.

import test from 'ava';

import type { ChainHandle, ChainLink, ConvHandle } from '#convfuse/backend/native/conv-addon.js';
import {
  addon,
  BLOCK,
  BLOCKS,
  floats,
  isa,
  linkOf,
  makeLinks,
  POOL,
} from '../../helpers/chain-links.js';

const make = (...links: readonly ChainLink[]): ChainHandle | undefined =>
  addon.createChain(isa, links, 1);

/** The same layer on other numbers. */
const changed = (
  changes: Readonly<Record<number, number>>,
  numbers: Uint32Array = BLOCKS,
): Uint32Array => numbers.map((value, at) => changes[at] ?? value);

test('a chain is made of layers that follow each other, and outlives them', (t) => {
  const [first, second] = makeLinks() as [ChainLink, ChainLink];
  const chain = make(first, POOL, second)!;
  addon.disposeConv(first[0] as ConvHandle);
  const out = floats(BLOCK);
  addon.runChain(chain, floats(BLOCK), undefined, out);
  t.is(out[0], 7); // 1 + 1 + bias, twice and once more
  t.throws(() => make(first, second), { code: 'ERR_DISPOSED' });
});

test('what does not follow makes no chain', (t) => {
  const link = (numbers: Uint32Array = BLOCKS): ChainLink => [linkOf(2), numbers];
  const [, sizes, windows] = POOL as [boolean, Uint32Array, Int32Array];
  for (const [name, links] of Object.entries({
    none: [],
    one: [link()],
    height: [link(), link(changed({ 2: 3, 5: 3 }))],
    batch: [link(), link(changed({ 0: 2 }))],
    halo: [link(), link(changed({ 11: 1 }))],
    pad: [link(), link(changed({ 8: 1 }))],
    dense: [link(BLOCKS.slice(0, 10)), link()],
    channels: [link(), [linkOf(4), BLOCKS], link()],
    'channels of a pool': [link(), [false, changed({ 1: 3 }, sizes), windows]],
    'an empty window': [link(), [false, sizes, windows.with(2, 0)]],
  } satisfies Record<string, ChainLink[]>)) {
    t.is(make(...links), undefined, name);
  }
});

test('odd links, lengths and handles are refused', (t) => {
  const code = 'ERR_ARGUMENT';
  const [, sizes, windows] = POOL as [boolean, Uint32Array, Int32Array];
  for (const odd of [
    [],
    [linkOf(2)],
    [linkOf(2), BLOCKS.slice(1)],
    [false, sizes.slice(1), windows],
    [false, sizes, windows.slice(1)],
    [false, sizes, windows.with(0, 2)],
    [0, sizes, windows],
    {},
  ]) {
    t.throws(() => make(odd as unknown as ChainLink, POOL), { code });
  }
  const chain = make(...makeLinks())!;
  for (const [x, out] of [
    [BLOCK - 1, BLOCK],
    [BLOCK, BLOCK + 1],
  ] as const) {
    t.throws(() => addon.runChain(chain, floats(x), undefined, floats(out)), { code });
  }
  const same = floats(BLOCK);
  t.throws(() => addon.runChain(chain, same, undefined, same), { code });
  const fake = linkOf(2) as unknown as ChainHandle;
  t.throws(() => addon.runChain(fake, floats(BLOCK), undefined, same), { code });
});
