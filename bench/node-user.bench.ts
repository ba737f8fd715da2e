// One layer as the program of a Node user sees it: a promise of a result for an input, copies,
// fresh memory and threads included. The rival returns new memory in every run, for it has no other
// way; ours writes into a tensor that is used again, as the documentation says to.

import { measure, type Spread } from '#convfuse/api/measure.js';
import { FusedConv2d } from '#convfuse/layers/fused-conv2d.js';

import { relativeL2 } from '../test/helpers/bounds.js';
import { layerData, readLayers } from './layers.js';
import { createPeer } from './peer.js';

export interface NodeUserRow {
  readonly layer: string;
  readonly batch: number;
  readonly threads: number;
  readonly call: string;
  readonly milliseconds: Spread;
  readonly imagesPerSecond: number;
  /** Time of the rival divided by this one's. */
  readonly ratio: Spread;
}

export const PEER_CALL = 'onnxruntime-node, session.run';
export const OWN_CALL = 'convfuse, layer.run with out';

const LAYER = 'resnet/stem 7x7/2 3-64 @256';
const BATCH = 16;

export async function benchNodeUser(options: {
  readonly threads: readonly number[];
  readonly rounds: number;
  readonly milliseconds: number;
}): Promise<NodeUserRow[]> {
  const layer = readLayers().find(({ name }) => name === LAYER)!;
  const data = layerData(layer, BATCH);
  const rows: NodeUserRow[] = [];
  for (const threads of options.threads) {
    const peer = await createPeer(layer, data, threads, false);
    const own = new FusedConv2d({
      weight: data.weight,
      bias: data.bias,
      stride: layer.stride,
      padding: layer.pad,
      activation: 'relu',
      backend: 'native',
      threads,
    });
    const out = await own.run(data.x);
    const error = relativeL2(out.data as Float32Array, await peer.run());
    if (!(error <= 1e-6)) throw new Error(`${LAYER}: differs from onnxruntime by ${error}`);
    const results = await measure(
      [
        { name: PEER_CALL, run: peer.run },
        { name: OWN_CALL, run: () => own.run(data.x, { out }) },
      ],
      { ...options, settle: threads > 1 ? 300 : 0 },
    );
    for (const { name: call, latency, ratio } of results) {
      rows.push({
        layer: LAYER,
        batch: BATCH,
        threads,
        call,
        milliseconds: latency,
        imagesPerSecond: (BATCH * 1000) / latency.median,
        ratio,
      });
    }
    await peer.release();
    own.dispose();
  }
  return rows;
}
