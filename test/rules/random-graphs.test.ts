// Random networks with every trap, before and after all rules, in double: what they compute.

import test from 'ava';

import { encodeModel } from '#convfuse/api/encode.js';
import { parseText } from '#convfuse/ir/text.js';
import { readModel } from '#convfuse/onnx/read.js';
import { RULES } from '#convfuse/rules/index.js';

import { inferredFacts } from '../helpers/compare-fused.js';
import { hold } from '../helpers/hold.js';
import { judgeNetwork, typedNetworks } from '../helpers/judge-network.js';
import { rewriteChecked } from '../helpers/rewrite-text.js';

/** Networks a run, in parts that report by themselves. A campaign asks for more. */
const RUNS = Number(process.env['CONVFUSE_RANDOM_GRAPHS'] ?? 5000);
const PARTS = 5;

for (let part = 1; part <= PARTS; part++) {
  test(`networks compute the same after fusion, and sites stay below their bounds: ${part}`, (t) => {
    let fused = 0;
    hold(
      typedNetworks(),
      ([text, type]) => {
        fused += judgeNetwork(text, type).filter(({ verdict }) => verdict === 'fused').length;
      },
      RUNS / PARTS,
      part,
    );
    t.log(`${fused} rewrites in ${RUNS / PARTS} networks`);
    t.true(fused > RUNS / PARTS);
  });
}

for (const level of ['basic', 'extended'] as const) {
  test(`what was fused at level ${level} is fused to the same bytes`, (t) => {
    const fuse = (bytes: Uint8Array): Uint8Array => {
      const model = readModel({ bytes, path: 'random.onnx', external: undefined });
      // The limit on growth is one on what is given: a larger file may grow further.
      rewriteChecked(model, RULES, { level, facts: inferredFacts(), allowGrowth: true });
      return encodeModel(model);
    };
    hold(
      typedNetworks(false),
      ([text]) => {
        const once = fuse(encodeModel(parseText(text)));
        if (!Buffer.from(fuse(once)).equals(once)) throw new Error(text);
      },
      RUNS / 10,
    );
    t.pass();
  });
}
