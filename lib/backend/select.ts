import { availableParallelism } from 'node:os';
import { isMainThread } from 'node:worker_threads';

import { argumentError, ConvfuseError } from '../errors.js';
import type { Backend } from './backend.js';
import type { Addon } from './native/addon.js';
import { loadAddon } from './native/binding.js';
import { NativeBackend } from './native/index.js';
import { ReferenceBackend } from './reference/index.js';

export const BACKEND_NAMES = ['auto', 'native', 'reference'] as const;
export type BackendName = (typeof BACKEND_NAMES)[number];

export const ISA_NAMES = ['baseline', 'avx2', 'avx512', 'neon'] as const;
export type IsaName = (typeof ISA_NAMES)[number];

/** The size of the native thread pool. */
export const MAX_THREADS = 64;

export interface BackendOptions {
  /** Default: CONVFUSE_ISA, else the best ISA of this CPU. */
  readonly isa?: IsaName | undefined;
  /**
   * Default: CONVFUSE_THREADS, else the number of processors available to this process, at most 64.
   */
  readonly threads?: number | undefined;
}

/** One backend for each combination of ISA and threads, so that selecting is cheap. */
const chosen = new Map<string, Backend>();
let warned = false;

/**
 * The backend to compute with: the only place that chooses.
 *
 * @param name default: CONVFUSE_BACKEND, else auto, which falls back to the reference with one
 *   warning for the process
 * @throws ConvfuseError ERR_NATIVE_LOAD when the native backend is demanded and absent, or the
 *   CPU lacks the ISA; ERR_ARGUMENT for other names or numbers
 */
export function selectBackend(name?: BackendName, options: BackendOptions = {}): Backend {
  const wanted = backendName(name);
  const isa = isaName(options.isa);
  const threads = threadCount(options.threads);
  if (wanted === 'reference') return remembered('reference', () => reference('chosen by name'));
  const load = loadAddon();
  if ('reason' in load) {
    if (wanted === 'native') {
      throw new ConvfuseError('ERR_NATIVE_LOAD', `the native addon did not load: ${load.reason}`);
    }
    warnOnce(load.reason);
    return remembered('fallback', () => reference(`the native addon did not load: ${load.reason}`));
  }
  const target = isa ?? load.addon.info().isas.at(-1)!;
  return remembered(`${target}/${threads}`, () => native(load.addon, target, threads, isa));
}

function remembered(key: string, make: () => Backend): Backend {
  const backend = chosen.get(key) ?? make();
  chosen.set(key, backend);
  return backend;
}

function reference(reason: string): Backend {
  return new ReferenceBackend(reason);
}

function native(
  addon: Addon,
  target: string,
  threads: number,
  demanded: IsaName | undefined,
): Backend {
  const { isas } = addon.info();
  if (!isas.includes(target)) {
    throw new ConvfuseError(
      'ERR_NATIVE_LOAD',
      `expected an ISA of this CPU (${isas.join(', ')}) for isa, received ${target}`,
    );
  }
  const reason = demanded === undefined ? 'the best that this CPU has' : 'chosen by name';
  return new NativeBackend(addon, target, threads, reason);
}

function warnOnce(reason: string): void {
  if (warned || !isMainThread) return;
  warned = true;
  process.emitWarning(`convfuse runs without its native addon, and slowly: ${reason}`);
}

function backendName(name: BackendName | undefined): BackendName {
  const source = name === undefined ? 'CONVFUSE_BACKEND' : 'backend';
  const value = name ?? setting('CONVFUSE_BACKEND') ?? 'auto';
  const found = BACKEND_NAMES.find((known) => known === value);
  if (found === undefined) throw argumentError(`one of ${BACKEND_NAMES.join(', ')}`, source, value);
  return found;
}

function isaName(isa: IsaName | undefined): IsaName | undefined {
  const source = isa === undefined ? 'CONVFUSE_ISA' : 'isa';
  const value = isa ?? setting('CONVFUSE_ISA');
  if (value === undefined) return undefined;
  const found = ISA_NAMES.find((known) => known === value);
  if (found === undefined) throw argumentError(`one of ${ISA_NAMES.join(', ')}`, source, value);
  return found;
}

function threadCount(threads: number | undefined): number {
  const source = threads === undefined ? 'CONVFUSE_THREADS' : 'threads';
  const text = setting('CONVFUSE_THREADS');
  if (threads === undefined && text === undefined) {
    return Math.min(availableParallelism(), MAX_THREADS);
  }
  const value: unknown = threads ?? (/^\d+$/.test(text!) ? Number(text) : text);
  if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > MAX_THREADS) {
    throw argumentError(`a whole number from 1 to ${MAX_THREADS}`, source, value);
  }
  return value as number;
}

/** An environment variable; an empty one counts as unset. */
function setting(name: string): string | undefined {
  return process.env[name] === '' ? undefined : process.env[name];
}
