import {
  ConvfuseError,
  findModels,
  inspectModel,
  loadModel,
  type FoundModel,
  type Inspection,
} from '../../index.js';
import { EXIT } from '../exit-codes.js';
import { failureOf, type Failure } from '../failure.js';
import { printInspection } from '../inspect-text.js';
import { note, printError, printJson } from '../print.js';
import { safe, withName } from '../text.js';
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
export const addInspect: AddCommand = (command, done) => {
  command
    .argument('<model...>', '.onnx files, or folders of them')
    .option('--explain', 'print the verdict on every site, and its reason')
    .option('--json', 'print one JSON document')
    .option('--constant-initializers', 'initializers that are also graph inputs are constants')
    .option('--allow-symlinks', 'external data behind links, inside the real folder of the model')
    .option('--input-shape <name=1x3x224x224>', 'shape of an input', parse.namedShape)
    .action(async (paths: string[], flags: InspectFlags) => {
      const entries: Entry[] = [];
      const { models, notes } = await findModels(paths);
      for (const text of notes) note(`note: ${safe(text)}`);
      if (models.length === 0)
        throw new ConvfuseError('ERR_IO', `no .onnx file in ${paths.join(', ')}`);
      for (const model of models) {
        const entry = await inspect(model, flags);
        entries.push(entry);
        if (entry.error !== undefined)
          printError(entry.error.code, withName(entry.input, entry.error.message));
        else if (flags.json !== true) {
          printInspection(entry.input, entry as Inspection, flags.explain === true);
        }
      }
      if (flags.json === true) printJson({ schema: 1, models: entries });
      const failed = entries.filter(({ error }) => error !== undefined).length;
      if (failed > 0) done(models.length > 1 ? EXIT.partial : EXIT.error);
    });
};

async function inspect({ path: input, error }: FoundModel, flags: InspectFlags): Promise<Entry> {
  if (error !== undefined) return { input, error: failureOf(error) };
  try {
    const model = await loadModel(input, { allowSymlinks: flags.allowSymlinks === true });
    const inspection = await inspectModel(model, {
      constantInitializers: flags.constantInitializers === true,
      ...(flags.inputShape && { inputShapes: Object.fromEntries(flags.inputShape) }),
    });
    return { input, error: undefined, ...inspection };
  } catch (caught) {
    return { input, error: failureOf(caught) };
  }
}
