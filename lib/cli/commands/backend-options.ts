import { Option, type Command } from 'commander';

import { positiveInteger } from '../parse.js';

export interface BackendFlags {
  readonly backend?: 'auto' | 'native' | 'reference';
  readonly isa?: 'baseline' | 'avx2' | 'avx512' | 'neon';
  readonly threads?: number;
}

/** Flags of every command that computes. */
export function addBackendOptions(command: Command): Command {
  return addBackendChoice(command).option(
    '--threads <n>',
    'threads of the native code',
    positiveInteger,
  );
}

/** The same for commands that try several numbers of threads. */
export function addBackendChoice(command: Command): Command {
  return command
    .optionsGroup(
      'What computes (default: CONVFUSE_BACKEND, CONVFUSE_ISA, CONVFUSE_THREADS, or the best):',
    )
    .addOption(
      new Option('--backend <name>', 'native code, TypeScript, or the best there is').choices([
        'auto',
        'native',
        'reference',
      ]),
    )
    .addOption(
      new Option('--isa <name>', 'vector instructions of the native code').choices([
        'baseline',
        'avx2',
        'avx512',
        'neon',
      ]),
    );
}
