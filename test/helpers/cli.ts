// Runs the built command line as its users do: as a process of its own.

import { spawn, type SpawnOptions } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

// From out/test/helpers to dist.
export const MAIN = path.resolve(
  path.dirname(fileURLToPath(import.meta.url)),
  '../../../dist/cli/main.js',
);

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface CliOptions extends SpawnOptions {
  /** Called with all of stderr so far, as it grows. */
  readonly onStderr?: (pid: number, text: string) => void;
}

/** Processes at a time from one test file: more would only wait for each other. */
const MAX_RUNNING = 2;
let running = 0;
const waiting: (() => void)[] = [];

/** Runs `convfuse` with arguments. Output is plain: pipes are no terminal. */
export async function cli(
  arguments_: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  if (running >= MAX_RUNNING) await new Promise<void>((go) => waiting.push(go));
  running += 1;
  try {
    return await start(arguments_, options);
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

async function start(
  arguments_: readonly string[],
  { onStderr, ...rest }: CliOptions,
): Promise<CliResult> {
  const child = spawn(process.execPath, [MAIN, ...arguments_], {
    ...rest,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    onStderr?.(child.pid!, stderr);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr });
    });
  });
}

/** A folder that is gone after the test. */
export function temporaryFolder(t: { teardown(fn: () => void): void }): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'convfuse-test-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Everything below a folder, by relative path, sorted. */
export function listing(folder: string): string[] {
  return readdirSync(folder, { recursive: true }).map(String).sort();
}
