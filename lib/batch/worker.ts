// The program of a worker process: fuses the models that it is sent, one at a time. It is a process
// and not a thread, so that a model that crashes it or never ends affects nothing else.

import { failedReport, fuseFile, type FileProgress } from './fuse-file.js';
import type { JournalRecord } from './journal-record.js';
import type { WorkerMessage, WorkerReply, WorkerRequest } from './protocol.js';

const abort = new AbortController();
let busy = false;
/** Lets the current model continue, after the parent has appended its record to the journal. */
let goOn: () => void = () => undefined;

// Ctrl-C reaches the whole process group. The parent decides what happens to its workers.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.on('SIGTERM', leave);
process.on('disconnect', leave);
process.on('message', (message: WorkerMessage) => {
  if (message.kind === 'vouched') goOn();
  else void work(message);
});

/**
 * Exits at once, or, while a model is worked on, as soon as that has been aborted: a file is never
 * left half written.
 */
function leave(): void {
  if (!busy) process.exit(0);
  abort.abort(new Error('interrupted'));
}

async function work({ job, options, ledger }: WorkerRequest): Promise<void> {
  busy = true;
  try {
    const note = (text: string): void => reply({ kind: 'note', text });
    const report = await fuseFile(
      job,
      options,
      abort.signal,
      progressReply(),
      ledger && { ...ledger, vouch, note },
    );
    reply({ kind: 'report', report });
  } catch (error) {
    reply({ kind: 'report', report: failedReport(job.input, error) });
  }
  busy = false;
  if (abort.signal.aborted) process.exit(0);
}

/**
 * Sends a record, and waits until the parent has appended it to the journal. If the parent dies, this
 * rejects, so that the output is not published.
 */
async function vouch(record: JournalRecord): Promise<void> {
  abort.signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    goOn = resolve;
    abort.signal.addEventListener('abort', () => reject(abort.signal.reason as Error), {
      once: true,
    });
    reply({ kind: 'vouch', record });
  });
}

/** Sends progress at most twenty times a second, except for a new phase. */
function progressReply(): (progress: FileProgress) => void {
  let phase: FileProgress['phase'] | undefined;
  let sent = 0;
  return (progress) => {
    const now = performance.now();
    if (progress.phase === phase && now - sent < 50) return;
    phase = progress.phase;
    sent = now;
    reply({ kind: 'progress', progress });
  };
}

function reply(message: WorkerReply): void {
  if (process.connected) process.send?.(message);
}
