import { Command, CommanderError } from 'commander';

import { version } from '../index.js';
import { addActivations } from './commands/activations.js';
import { addBench } from './commands/bench.js';
import { addFuse } from './commands/fuse.js';
import { addInfo } from './commands/info.js';
import { addInspect } from './commands/inspect.js';
import { addRules } from './commands/rules.js';
import { addRun } from './commands/run.js';
import { addVerify } from './commands/verify.js';
import { EXIT } from './exit-codes.js';
import { failureOf } from './failure.js';
import { printError } from './print.js';
import { safe } from './text.js';

const EXIT_CODES = `
Exit codes: 0 fine; 1 error; 2 wrong usage; 3 verification failed, nothing written;
4 some of several models failed; 130, 143 interrupted.`;

/** Runs one command line. @returns the exit code; it never throws */
export async function runProgram(arguments_: readonly string[]): Promise<number> {
  let code: number = EXIT.ok;
  const done = (exitCode: number): void => {
    code = exitCode;
  };
  const program = new Command('convfuse')
    .description(
      'Fuse batch norm, activations and sibling branches into the convolutions of an ONNX model, ' +
        'prove the result, and run it.',
    )
    .version(version)
    .showHelpAfterError('(add --help for the options)')
    .configureOutput({
      outputError: (text, write) => {
        write(text.split('\n').map(safe).join('\n'));
      },
    })
    .addHelpText('after', EXIT_CODES)
    .exitOverride();
  for (const add of [
    addFuse,
    addInspect,
    addVerify,
    addRun,
    addBench,
    addActivations,
    addRules,
    addInfo,
  ]) {
    add(program, done);
  }
  try {
    await program.parseAsync([...arguments_], { from: 'user' });
    return code;
  } catch (error) {
    return report(error);
  }
}

function report(error: unknown): number {
  // Commander has printed its own message by now. Help that was not asked for is wrong usage.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { code, message } = failureOf(error);
  printError(code, message);
  return EXIT.error;
}
