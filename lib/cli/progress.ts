import type { FileProgress, FileReport } from '../index.js';
import { isColorful, note } from './print.js';
import { safe } from './text.js';

/** Shows the progress of a batch on stderr. */
export interface Progress {
  update(progress: FileProgress): void;
  finish(report: FileReport): void;
  /** Shows a note to the user. */
  note(text: string): void;
  /** Restores the terminal. */
  close(): Promise<void>;
}

/** A task list on a terminal; elsewhere one line per finished model, where there are several. */
export async function startProgress(): Promise<Progress> {
  // The task list needs to know the width of the terminal.
  if (!isColorful(process.stderr) || !(process.stderr.columns > 20)) return new Lines();
  // Loaded on demand, together with the library that draws it.
  const { TaskList } = await import('./task-list.js');
  return new TaskList();
}

/** The present phase of a model, in words. */
export function phaseText({ phase, done, total }: FileProgress): string {
  const words = {
    queued: 'waiting',
    read: 'reading',
    fuse: 'fusing',
    check: 'checking fused sites',
    verify: 'comparing whole models',
    write: 'writing',
  }[phase];
  return total > 1 ? `${words} ${done}/${total}` : words;
}

class Lines implements Progress {
  #total = 0;
  #done = 0;

  update({ phase }: FileProgress): void {
    if (phase === 'queued') this.#total += 1;
  }

  finish(report: FileReport): void {
    this.#done += 1;
    if (this.#total < 2) return;
    const how = report.resumed === true ? `${report.status} (resumed)` : report.status;
    note(`[${this.#done}/${this.#total}] ${how} ${safe(report.input)}`);
  }

  note(text: string): void {
    note(`note: ${safe(text)}`);
  }

  async close(): Promise<void> {
    // Nothing to restore.
  }
}
