import { DefaultRenderer, Listr, ListrLogger, ProcessOutput, type ListrTask } from 'listr2';

import type { FileProgress, FileReport } from '../index.js';
import { note } from './print.js';
import { phaseText, type Progress } from './progress.js';
import { plural, safe } from './text.js';

/** With more models than this, one counting line replaces the list, which would scroll away. */
const MAX_TASKS = 12;

/** listr2 checks whether stdout is a terminal, but the list is drawn on stderr, which is one. */
class OnStderr extends DefaultRenderer {
  static override nonTTY = true;
}

interface Entry {
  /** Shows the model's phase in its task, once that is drawn. */
  show: (text: string) => void;
  resolve: () => void;
  reject: (error: Error) => void;
  readonly ended: Promise<void>;
}

/** One task per model, or one for all of them, drawn by listr2. */
export class TaskList implements Progress {
  readonly #entries = new Map<string, Entry>();
  #done = 0;
  #failed = 0;
  #run: Promise<unknown> | undefined;
  #notes: string[] = [];

  update(progress: FileProgress): void {
    if (progress.phase === 'queued') {
      this.#entries.set(progress.input, entry());
      return;
    }
    this.#run ??= this.#start();
    this.#entries.get(progress.input)?.show(phaseText(progress));
  }

  finish(report: FileReport): void {
    this.#done += 1;
    if (report.status === 'failed') this.#failed += 1;
    const found = this.#entries.get(report.input);
    if (report.error === undefined) found?.resolve();
    else found?.reject(new Error(safe(report.error.message)));
  }

  /** Notes are kept until close(), because a line in between would break the drawing. */
  note(text: string): void {
    this.#notes.push(`note: ${safe(text)}`);
  }

  async close(): Promise<void> {
    for (const { reject } of this.#entries.values()) reject(new Error('interrupted'));
    await this.#run;
    for (const line of this.#notes.splice(0)) note(line);
  }

  #start(): Promise<unknown> {
    const tasks = this.#entries.size > MAX_TASKS ? [this.#total()] : [...this.#tasks()];
    const list = new Listr(tasks, {
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
      renderer: OnStderr,
      rendererOptions: {
        // Errors are printed once, below the table.
        showErrorMessage: false,
        logger: new ListrLogger({
          processOutput: new ProcessOutput(process.stderr, process.stderr),
          useIcons: true,
        }),
      },
    });
    return list.run().catch(() => undefined);
  }

  *#tasks(): Generator<ListrTask<unknown, typeof OnStderr>> {
    for (const [input, one] of this.#entries) {
      yield {
        title: safe(input),
        task: (_context, task) => {
          one.show = (text) => {
            task.output = text;
          };
          return one.ended;
        },
      };
    }
  }

  #total(): ListrTask<unknown, typeof OnStderr> {
    const entries = [...this.#entries];
    return {
      title: plural(entries.length, 'model'),
      task: async (_context, task) => {
        for (const [input, one] of entries) {
          one.show = (text) => {
            const counts = `${this.#done}/${entries.length} done, ${this.#failed} failed`;
            task.output = `${counts}; ${safe(input)}: ${text}`;
          };
        }
        await Promise.allSettled(entries.map(([, one]) => one.ended));
      },
    };
  }
}

function entry(): Entry {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const ended = new Promise<void>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  ended.catch(() => undefined);
  return { show: () => undefined, resolve, reject, ended };
}
