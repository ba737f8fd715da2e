import { Option, type Command } from 'commander';

import { ConvfuseError, machineInfo } from '../../index.js';
import { positiveInteger } from '../parse.js';

export interface BackendFlags {
  readonly backend?: 'auto' | 'native' | 'reference';
  readonly isa?: 'baseline' | 'avx2' | 'avx512' | 'neon';
  readonly threads?: number;
}

interface ChoiceFlags extends Omit<BackendFlags, 'threads'> {
  readonly threads?: number | readonly number[];
}

/** Adds the backend flags of commands that compute. */
export function addBackendOptions(command: Command): Command {
  return addBackendChoice(command).option(
    '--threads <n>',
    'threads of the native code',
    positiveInteger,
  );
}

/** Adds the backend flags except --threads, for commands that try several thread counts. */
export function addBackendChoice(command: Command): Command {
  return command
    .hook('preAction', (_parent, action) => {
      refuseWrong(action);
    })
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

/**
 * Ends with exit code 2 for values that the library would refuse, from flags or the environment.
 */
function refuseWrong(command: Command): void {
  const { backend, isa, threads } = command.opts<ChoiceFlags>();
  for (const count of [threads].flat()) {
    try {
      machineInfo({ backend, isa, threads: count });
    } catch (error) {
      // Other errors are reported by the work itself.
      if (!(error instanceof ConvfuseError) || error.code !== 'ERR_ARGUMENT') continue;
      command.error(`error: ${error.message}`);
    }
  }
}
