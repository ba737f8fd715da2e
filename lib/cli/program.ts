import { createRequire } from 'node:module';

import { Command, CommanderError } from 'commander';

import { COMMANDS } from './commands.js';
import { EXIT } from './exit-codes.js';
import { printError, printJson } from './print.js';
import { safe } from './text.js';

// The version, read without loading the library.
const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

const EXIT_CODES = `
Exit codes: 0 fine; 1 error; 2 wrong usage; 3 verification failed, nothing written;
4 some of several models failed; 130, 143 interrupted.`;

/** Runs one command line. Never throws. @returns the exit code */
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
  for (const { name, description } of COMMANDS) program.command(name).description(description);
  program.hook('preSubcommand', async (_program, command) => {
    const entry = COMMANDS.find(({ name }) => name === command.name());
    (await entry?.load())?.(command, done);
  });
  try {
    await program.parseAsync(withoutHelpCommand(arguments_), { from: 'user' });
    return code;
  } catch (error) {
    return await report(error, arguments_.includes('--json'));
  }
}

/** Turns `help NAME` into `NAME --help`: commander answers the former without loading NAME. */
function withoutHelpCommand(arguments_: readonly string[]): string[] {
  const [first, name, ...rest] = arguments_;
  const known = COMMANDS.some((entry) => entry.name === name);
  return first === 'help' && known ? [name!, '--help', ...rest] : [...arguments_];
}

async function report(error: unknown, json: boolean): Promise<number> {
  // Commander has printed its own message. Help that was not asked for is wrong usage.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { failureOf } = await import('./failure.js');
  const { code, message } = failureOf(error);
  printError(code, message);
  // With --json the caller expects a document for errors too.
  if (json) printJson({ schema: 1, error: { code, message } });
  return EXIT.error;
}
