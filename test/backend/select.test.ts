import { availableParallelism } from 'node:os';

import test from 'ava';

import { backend } from '#convfuse/backend/info.js';
import {
  ISA_NAMES,
  selectBackend,
  type BackendName,
  type IsaName,
} from '#convfuse/backend/select.js';

const VARIABLES = ['CONVFUSE_BACKEND', 'CONVFUSE_ISA', 'CONVFUSE_THREADS'] as const;

test.serial.beforeEach(() => {
  for (const name of VARIABLES) Reflect.deleteProperty(process.env, name);
});

test.serial('auto is native where the addon is there, and selecting again gives the same', (t) => {
  const chosen = selectBackend();
  t.is(chosen.name, 'native');
  t.is(chosen.threads, Math.min(availableParallelism(), 64));
  t.is(selectBackend('native'), chosen);
  const { name, isa, threads, reason } = chosen;
  t.deepEqual(backend(), { name, isa, threads, reason });
  t.is(selectBackend('reference').name, 'reference');
});

test.serial('options come before environment variables', (t) => {
  process.env['CONVFUSE_BACKEND'] = 'reference';
  process.env['CONVFUSE_THREADS'] = '3';
  t.is(selectBackend().name, 'reference');
  t.is(selectBackend('native').threads, 3);
  t.is(selectBackend('native', { threads: 2 }).threads, 2);
  process.env['CONVFUSE_BACKEND'] = '';
  t.is(selectBackend().name, 'native');
  process.env['CONVFUSE_ISA'] = 'baseline';
  t.like(
    selectBackend(),
    process.arch === 'x64' ? { isa: 'baseline', reason: 'chosen by name' } : {},
  );
});

test.serial('an ISA that this CPU lacks is an error, whichever way it is asked for', (t) => {
  const lacking = ISA_NAMES.filter((isa) => {
    try {
      return selectBackend('native', { isa }).isa !== isa;
    } catch {
      return true;
    }
  });
  t.true(lacking.includes(process.arch === 'x64' ? 'neon' : 'avx2'));
  for (const isa of lacking) {
    t.throws(() => selectBackend('native', { isa }), { code: 'ERR_NATIVE_LOAD' });
    process.env['CONVFUSE_ISA'] = isa;
    t.throws(() => selectBackend('auto'), { code: 'ERR_NATIVE_LOAD' });
  }
});

test.serial('unknown names and numbers are refused, and say where they came from', (t) => {
  t.throws(() => selectBackend('cuda' as BackendName), {
    code: 'ERR_ARGUMENT',
    message: 'expected one of auto, native, reference for backend, received "cuda"',
  });
  t.throws(() => selectBackend('auto', { isa: 'sse9' as IsaName }), { code: 'ERR_ARGUMENT' });
  for (const threads of [
    0,
    -1,
    1.5,
    NaN,
    65,
    '2' as unknown as number,
    null as unknown as number,
  ]) {
    t.throws(() => selectBackend('auto', { threads }), { code: 'ERR_ARGUMENT' }, String(threads));
  }
  process.env['CONVFUSE_BACKEND'] = 'gpu';
  t.throws(() => selectBackend(), { message: /for CONVFUSE_BACKEND, received "gpu"/ });
  process.env['CONVFUSE_BACKEND'] = 'native';
  process.env['CONVFUSE_THREADS'] = 'many';
  t.throws(() => selectBackend(), { message: /for CONVFUSE_THREADS, received "many"/ });
});
