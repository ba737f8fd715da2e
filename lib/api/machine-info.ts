import type { BackendInfo } from '../backend/info.js';
import { loadAddon } from '../backend/native/binding.js';
import { checkObject } from '../errors.js';
import { chosenBackend, type BackendChoice } from './backend-choice.js';
import { machine, type Machine } from './machine.js';

/** One data cache that a CPU uses. */
export interface Cache {
  readonly level: number;
  readonly bytes: number;
}

export interface MachineInfo extends Machine {
  readonly backend: BackendInfo;
  /** Nearest first; empty where the addon is absent or the system does not report them. */
  readonly caches: readonly Cache[];
}

/**
 * The hardware of this machine, and the backend that a call with these options uses.
 *
 * @throws ConvfuseError ERR_NATIVE_LOAD, ERR_ARGUMENT
 */
export function machineInfo(choice: BackendChoice = {}): MachineInfo {
  checkObject(choice, 'options');
  const { name, isa, threads, reason } = chosenBackend(choice);
  return { ...machine(), backend: { name, isa, threads, reason }, caches: caches() };
}

function caches(): Cache[] {
  const load = loadAddon();
  if ('reason' in load) return [];
  const sizes = load.addon.info().caches.map((bytes, index) => ({ level: index + 1, bytes }));
  return sizes.filter(({ bytes }) => bytes > 0);
}
