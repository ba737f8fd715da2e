import { existsSync } from 'node:fs';
import path from 'node:path';

import { Journal } from './journal.js';
import type { JournalRecord } from './journal-record.js';
import type { Job } from './plan-outputs.js';

/** The journal of a job, and the key of the job's output in it. */
interface Place {
  readonly journal: Journal;
  readonly key: string;
}

/** The journals of a run: one in the output folder, or one in each folder that outputs go to. */
export class Journals {
  readonly #places = new Map<Job, Place>();
  /** Records of earlier runs about the jobs of this run. */
  readonly #records = new Map<Journal, Map<string, JournalRecord[]>>();
  readonly #broken = new Set<Journal>();
  readonly #note: (text: string) => void;

  /** @param outDir the output folder, if the caller named one */
  constructor(jobs: readonly Job[], outDir: string | undefined, note: (text: string) => void) {
    this.#note = note;
    const journals = new Map<string, Journal>();
    for (const job of jobs) {
      const folder = outDir ?? path.dirname(job.output);
      const journal = journals.get(folder) ?? new Journal(folder);
      journals.set(folder, journal);
      const key = path.relative(folder, job.output).split(path.sep).join('/');
      this.#places.set(job, { journal, key });
      const records = this.#records.get(journal) ?? new Map<string, JournalRecord[]>();
      this.#records.set(journal, records.set(key, []));
    }
  }

  /** Reads the records of earlier runs. A journal that cannot be read counts as empty, with a note. */
  async read(): Promise<void> {
    for (const [journal, records] of this.#records) {
      try {
        for await (const record of journal.read()) {
          const known = records.get(record.key);
          if (known !== undefined) addTo(known, record);
        }
      } catch (error) {
        for (const known of records.values()) known.length = 0;
        this.#giveUp(journal, error, 'nothing is taken over from it');
      }
    }
  }

  /** For a run without `resume`: notes that journals of existing outputs could be resumed. */
  async mention(): Promise<void> {
    const taken = new Set<Journal>();
    for (const [job, { journal }] of this.#places) if (existsSync(job.output)) taken.add(journal);
    for (const journal of taken) {
      if (!(await journal.exists())) continue;
      this.#note(`${journal.file} is from an earlier run, which --resume (resume) continues`);
    }
  }

  key(job: Job): string {
    return this.#places.get(job)!.key;
  }

  /** Records of earlier runs about a job, the latest last. */
  earlier(job: Job): readonly JournalRecord[] {
    const { journal, key } = this.#places.get(job)!;
    return this.#records.get(journal)!.get(key)!;
  }

  /** Appends a record. If that fails, the run continues: outputs matter more than the journal. */
  async vouch(job: Job, record: JournalRecord): Promise<void> {
    const { journal } = this.#places.get(job)!;
    try {
      await journal.append(record);
    } catch (error) {
      this.#giveUp(journal, error, 'this run cannot be resumed');
    }
  }

  /** Removes records that later ones replace. @param fused jobs whose outputs this run has made */
  async compact(fused: readonly Job[]): Promise<void> {
    await this.#close(fused, (journal, keys) => journal.compact(keys));
  }

  /** Removes the records of jobs that no later run needs. */
  async forget(jobs: readonly Job[]): Promise<void> {
    await this.#close(jobs, (journal, keys) => journal.forget(keys));
  }

  async #close(
    jobs: readonly Job[],
    close: (journal: Journal, keys: ReadonlySet<string>) => Promise<void>,
  ): Promise<void> {
    const perJournal = new Map<Journal, Set<string>>();
    for (const job of jobs) {
      const { journal, key } = this.#places.get(job)!;
      perJournal.set(journal, (perJournal.get(journal) ?? new Set()).add(key));
    }
    for (const [journal, keys] of perJournal) {
      // A failure does no harm: the journal is then only longer than necessary.
      if (!this.#broken.has(journal)) await close(journal, keys).catch(() => undefined);
    }
  }

  /** Notes, once for each journal, that it cannot be used. */
  #giveUp(journal: Journal, error: unknown, consequence: string): void {
    if (this.#broken.has(journal)) return;
    this.#broken.add(journal);
    this.#note(`${(error as Error).message}: ${consequence}`);
  }
}

/** Adds a record in place of an equal one. Retries append records that differ only in their reports. */
function addTo(known: JournalRecord[], record: JournalRecord): void {
  const text = identityOf(record);
  const at = known.findIndex((one) => identityOf(one) === text);
  if (at >= 0) known.splice(at, 1);
  known.push(record);
}

function identityOf({ version, options, input, output }: JournalRecord): string {
  return JSON.stringify([version, options, input, output]);
}
