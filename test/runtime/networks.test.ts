// Whole architectures, fused and in blocks, against their unfused selves in double.

import test from 'ava';

import { fuseModel } from '#convfuse/api/fuse.js';
import { loadModel } from '#convfuse/api/load.js';
import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import type { Model } from '#convfuse/ir/model.js';
import { Session, type SessionOptions } from '#convfuse/runtime/session.js';
import { Random } from '#convfuse/tensor/random.js';
import { elementCount } from '#convfuse/tensor/shape.js';

import { relativeL2 } from '../helpers/bounds.js';
import { nativeBackends } from '../helpers/native-backends.js';
import { NETWORK_NAMES, networkBytes } from '../helpers/networks.js';

const DIMS = [1, 3, 64, 64];
const feeds = {
  x: { type: 'float32' as const, data: new Random(3).normals(elementCount(DIMS)), dims: DIMS },
};

/** What the first and a repeated run give, which are the same. */
function outputOf(model: Model, options: SessionOptions): Float32Array[] {
  const session = Session.create(model, options);
  const runs = [1, 2, 3].map(() => Object.values(session.runSync(feeds))[0]!.data as Float32Array);
  session.dispose();
  return runs;
}

for (const name of NETWORK_NAMES) {
  test(`${name}: the same when fused, on every ISA`, async (t) => {
    const model = await loadModel(networkBytes(name, 1, DIMS[2]));
    const reference = new ReferenceBackend('test');
    const session = Session.create(model, { backend: reference, arithmetic: 'float64' });
    const expected = Object.values(session.runSync(feeds))[0]!.data as Float32Array;
    const { model: fused } = await fuseModel(model, { level: 'extended', verify: false });
    for (const backend of nativeBackends) {
      for (const precision of ['strict', 'default', 'fast'] as const) {
        const [first, ...again] = outputOf(fused, { backend, precision });
        const error = relativeL2(first!, expected);
        t.true(error < 3e-5, `${backend.isa} ${precision}: relative L2 ${error}`);
        for (const other of again) t.deepEqual(other, first, `${backend.isa} ${precision}`);
      }
    }
  });
}
