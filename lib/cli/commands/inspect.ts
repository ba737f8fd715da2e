import { inspectModel, loadModel, type Inspection } from '../../index.js';
import { EXIT } from '../exit-codes.js';
import { failureOf, type Failure } from '../failure.js';
import { printInspection } from '../inspect-text.js';
import { printError, printJson } from '../print.js';
import * as parse from '../parse.js';
import type { AddCommand } from './command.js';

interface InspectFlags {
  readonly json?: true;
  readonly explain?: true;
  readonly constantInitializers?: true;
  readonly allowSymlinks?: true;
  readonly inputShape?: ReadonlyMap<string, readonly number[]>;
}

/** One model's entry in --json. */
interface Entry extends Partial<Inspection> {
  readonly input: string;
  readonly error: Failure | undefined;
}

/** `convfuse inspect`: what is in models, and what could fuse. */
export const addInspect: AddCommand = (program, done) => {
  program
    .command('inspect')
    .description('op counts, types, what could fuse, memory, MACs')
    .argument('<model...>', '.onnx files')
    .option('--explain', 'print the verdict on every site, and its reason')
    .option('--json', 'print one JSON document')
    .option('--constant-initializers', 'initializers that are also graph inputs are constants')
    .option('--allow-symlinks', 'external data behind links, inside the real folder of the model')
    .option('--input-shape <name=1x3x224x224>', 'shape of an input', parse.namedShape)
    .action(async (paths: string[], flags: InspectFlags) => {
      const entries: Entry[] = [];
      for (const path of paths) {
        const entry = await inspect(path, flags);
        entries.push(entry);
        if (entry.error !== undefined)
          printError(entry.error.code, `${path}: ${entry.error.message}`);
        else if (flags.json !== true) {
          printInspection(path, entry as Inspection, flags.explain === true);
        }
      }
      if (flags.json === true) printJson({ schema: 1, models: entries });
      const failed = entries.filter(({ error }) => error !== undefined).length;
      if (failed > 0) done(paths.length > 1 ? EXIT.partial : EXIT.error);
    });
};

async function inspect(input: string, flags: InspectFlags): Promise<Entry> {
  try {
    const model = await loadModel(input, { allowSymlinks: flags.allowSymlinks === true });
    const inspection = await inspectModel(model, {
      constantInitializers: flags.constantInitializers === true,
    });
    return { input, error: undefined, ...inspection };
  } catch (error) {
    return { input, error: failureOf(error) };
  }
}
