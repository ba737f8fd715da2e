// onnxruntime-node as the rival: one Conv + Relu model per layer, built in code.

import * as ort from 'onnxruntime-node';

import type { Tensor } from '#convfuse/tensor/tensor.js';

import { modelBytes, node, tensor } from '../test/helpers/model-builder.js';
import type { Layer, layerData } from './layers.js';

type LayerData = ReturnType<typeof layerData>;

/** A session that computes one layer. */
export interface Peer {
  run(): Promise<Float32Array>;
  release(): Promise<void>;
}

/**
 * @param tiny end in a Slice of one element: onnxruntime-node allocates every output anew, and
 *   page faults of fresh memory would be charged to its kernel
 */
export async function createPeer(
  layer: Layer,
  data: LayerData,
  threads: number,
  tiny: boolean,
): Promise<Peer> {
  const { k, stride, pad, groups } = layer;
  const attributes = {
    kernel_shape: [k, k],
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
    group: groups,
  };
  const bytes = modelBytes({
    inputs: [['x', data.x.dims]],
    outputs: [tiny ? 'z' : 'y'],
    initializers: [
      tensor('w', data.weight.dims, data.weight.data),
      tensor('b', [layer.oc], data.bias),
      tensor('start', [4], BigInt64Array.of(0n, 0n, 0n, 0n), 'int64'),
      tensor('end', [4], BigInt64Array.of(1n, 1n, 1n, 1n), 'int64'),
    ],
    nodes: [
      node('Conv', ['x', 'w', 'b'], ['c'], attributes),
      node('Relu', ['c'], ['y']),
      ...(tiny ? [node('Slice', ['y', 'start', 'end'], ['z'])] : []),
    ],
  });
  const session = await ort.InferenceSession.create(bytes, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
  const feeds = { x: toOrt(data.x) };
  return {
    run: async () => Object.values(await session.run(feeds))[0]!.data as Float32Array,
    release: () => session.release(),
  };
}

function toOrt(x: Tensor): ort.Tensor {
  return new ort.Tensor('float32', x.data as Float32Array, x.dims);
}
