import { readFile } from 'node:fs/promises';

import { ConvfuseError } from '../errors.js';

/** Limits for one model; a process that exceeds one is ended. */
export interface Limits {
  readonly seconds?: number | undefined;
  /** Resident memory, in MiB. Watched on Linux only. */
  readonly memory?: number | undefined;
}

/** Node fires longer timers (24 days) at once, so none is set; no model takes that long. */
const LONGEST_MS = 2 ** 31 - 1;

/** Milliseconds between two readings of a process's memory. */
const LOOK_MS = 100;

/** Watches a process until stop(). Calls back once, with the reason, when it exceeds a limit. */
export function watch(
  pid: number | undefined,
  { seconds, memory }: Limits,
  onPassed: (error: ConvfuseError) => void,
): { stop(): void } {
  const timers: NodeJS.Timeout[] = [];
  const stop = (): void => {
    for (const timer of timers) clearTimeout(timer);
  };
  const passed = (what: string): void => {
    stop();
    onPassed(new ConvfuseError('ERR_LIMIT', `stopped: it exceeded the limit of ${what}`));
  };
  if (seconds !== undefined && seconds * 1000 <= LONGEST_MS) {
    timers.push(setTimeout(passed, seconds * 1000, `${seconds} s`));
  }
  if (memory !== undefined && pid !== undefined) {
    const look = async (): Promise<void> => {
      const used = await residentMebibytes(pid);
      if (used !== undefined && used > memory) passed(`${memory} MiB of memory`);
    };
    timers.push(setInterval(() => void look(), LOOK_MS));
  }
  return { stop };
}

/**
 * Resident memory of a process, in MiB; undefined where the system does not report it, and for a
 * process that has ended.
 */
async function residentMebibytes(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) / 1024;
}
