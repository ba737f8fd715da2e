import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { FileReport } from '../api/report.js';
import { ConvfuseError } from '../errors.js';
import { failedReport, type FileOptions, type FileProgress } from './fuse-file.js';
import type { Job } from './plan-outputs.js';
import type { JournalRecord } from './journal-record.js';
import type { LedgerRequest, WorkerMessage, WorkerReply } from './protocol.js';
import { removeLeftovers } from './leftovers.js';
import { watch, type Limits } from './limits.js';

const PROGRAM = fileURLToPath(new URL('./worker.js', import.meta.url));

/** How long a worker that was asked to stop may take to finish writing. */
const GRACE_MS = 1200;

/** The part of a worker's stderr that is kept, to find out why it died. */
const TAIL_CHARACTERS = 4096;

const alive = new Set<WorkerProcess>();

/** Receives what a worker sends before its report. */
export interface WorkerListener {
  onProgress?(progress: FileProgress): void;
  onNote?(text: string): void;
  /** Appends a record to the journal. The worker waits until it resolves; it must not reject. */
  vouch?(record: JournalRecord): Promise<void>;
}

/** A process that fuses one model at a time. Only this class starts and ends such processes. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #exit: Promise<string>;
  #tail = '';
  #job: Job | undefined;
  #ended = false;

  constructor() {
    if (alive.size === 0) process.on('exit', killAll);
    alive.add(this);
    this.#child = fork(PROGRAM, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#tail = (this.#tail + text).slice(-TAIL_CHARACTERS);
    });
    this.#exit = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        resolve(error.message);
      });
      // 'close' and not 'exit': by then all of stderr has arrived.
      this.#child.once('close', (code, signal) => {
        resolve(signal === null ? `exit code ${code}` : `signal ${signal}`);
      });
    }).then((how) => {
      this.#ended = true;
      alive.delete(this);
      if (alive.size === 0) process.off('exit', killAll);
      return how as string;
    });
  }

  /** Whether it can take another job. */
  get idle(): boolean {
    return !this.#ended && this.#job === undefined;
  }

  /**
   * Fuses one model. Never rejects: where the worker dies or exceeds a limit, the report has an
   * error, and the worker cannot be used again.
   */
  async run(
    job: Job,
    options: FileOptions,
    listener: WorkerListener = {},
    limits: Limits = {},
    ledger?: LedgerRequest,
  ): Promise<FileReport> {
    this.#job = job;
    const replied = new Promise<FileReport>((resolve) => {
      this.#child.on('message', (reply: WorkerReply) => {
        if (reply.kind === 'report') resolve(reply.report);
        else void this.#listen(reply, listener);
      });
    });
    let passed: ConvfuseError | undefined;
    const watched = watch(this.#child.pid, limits, (error) => {
      passed = error;
      this.kill();
    });
    this.#send({ kind: 'work', job, options, ledger });
    const died = this.#exit.then((how) => {
      removeLeftovers(job.output, this.#child.pid);
      return failedReport(job.input, passed ?? this.#death(how));
    });
    const report = await Promise.race([replied, died]);
    watched.stop();
    this.#child.removeAllListeners('message');
    this.#job = undefined;
    return report;
  }

  /**
   * Ends the process: at once when it is idle, else after it has cleaned up, but at most GRACE_MS
   * later.
   */
  async stop(): Promise<void> {
    const job = this.#job;
    // Not disconnect(): a parent that calls it never gets the 'close' event.
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => {
      this.kill();
    }, GRACE_MS);
    await this.#exit;
    clearTimeout(timer);
    if (job !== undefined) removeLeftovers(job.output, this.#child.pid);
  }

  /** Ends the process without waiting. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Ends the process when this one is about to exit and cannot wait. */
  abandon(): void {
    this.kill();
    if (this.#job !== undefined) removeLeftovers(this.#job.output, this.#child.pid);
  }

  async #listen(
    reply: Exclude<WorkerReply, { kind: 'report' }>,
    listener: WorkerListener,
  ): Promise<void> {
    if (reply.kind === 'progress') listener.onProgress?.(reply.progress);
    if (reply.kind === 'note') listener.onNote?.(reply.text);
    if (reply.kind !== 'vouch') return;
    await listener.vouch?.(reply.record);
    this.#send({ kind: 'vouched' });
  }

  /** Sends nothing to a worker that is dead already: run() reports its exit. */
  #send(message: WorkerMessage): void {
    if (!this.#ended) this.#child.send(message, () => undefined);
  }

  #death(how: string): ConvfuseError {
    const memory = /heap out of memory|bad_alloc|Array buffer allocation failed/.test(this.#tail);
    return memory
      ? new ConvfuseError('ERR_MEMORY', 'the process that worked on the model ran out of memory')
      : new ConvfuseError(
          'ERR_INTERNAL',
          `the process that worked on the model ended with ${how}: please report it`,
        );
  }
}

function killAll(): void {
  for (const worker of alive) worker.abandon();
}
