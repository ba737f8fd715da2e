// Layers that follow each other as one object of the addon: what is refused, and what is freed when.

import test from 'ava';

import type { ChainHandle, ConvHandle } from '#convfuse/backend/native/conv-addon.js';
import { addon, BLOCK, BLOCKS, floats, linkOf, makeLinks } from '../../helpers/chain-links.js';

test('a chain is made of layers that follow each other, and outlives them', (t) => {
  const [first, second] = makeLinks() as [ConvHandle, ConvHandle];
  const chain = addon.createChain([first, second], [BLOCKS, BLOCKS], 1)!;
  addon.disposeConv(first);
  const out = floats(BLOCK);
  addon.runChain(chain, floats(BLOCK), undefined, out);
  t.is(out[0], 7); // 1 + 1 + bias, twice and once more
  const taller = BLOCKS.with(2, 3).with(5, 3);
  for (const [links, shapes] of [
    [[second], [BLOCKS]],
    [makeLinks(), [BLOCKS, taller]],
    [makeLinks(), [BLOCKS, BLOCKS.with(0, 2)]],
    [makeLinks(), [BLOCKS, BLOCKS.with(11, 1)]],
    [makeLinks(), [BLOCKS, BLOCKS.with(8, 1)]],
    [makeLinks(), [BLOCKS.slice(0, 10), BLOCKS]],
    [
      [second, linkOf(4), second],
      [BLOCKS, BLOCKS, BLOCKS],
    ],
  ] as const) {
    t.is(addon.createChain(links, shapes, 1), undefined);
  }
  t.throws(() => addon.createChain([first, second], [BLOCKS, BLOCKS], 1), { code: 'ERR_DISPOSED' });
  for (const shapes of [[BLOCKS], [], [BLOCKS, BLOCKS.slice(1)]]) {
    t.throws(() => addon.createChain(makeLinks(), shapes, 1), { code: 'ERR_ARGUMENT' });
  }
  for (const lengths of [
    [BLOCK - 1, BLOCK],
    [BLOCK, BLOCK + 1],
  ] as const) {
    const run = (): void =>
      addon.runChain(chain, floats(lengths[0]), undefined, floats(lengths[1]));
    t.throws(run, { code: 'ERR_ARGUMENT' });
  }
  t.throws(() => addon.runChain(chain, out, undefined, out), { code: 'ERR_ARGUMENT' });
  const fake = second as unknown as ChainHandle;
  t.throws(() => addon.runChain(fake, floats(BLOCK), undefined, out), { code: 'ERR_ARGUMENT' });
});
