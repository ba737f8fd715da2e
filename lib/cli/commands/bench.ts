import { Option } from 'commander';

import {
  benchModel,
  ConvfuseError,
  findModels,
  loadModel,
  type ModelBench,
  type ModelBenchOptions,
  type Precision,
} from '../../index.js';
import { printBench } from '../bench-text.js';
import { EXIT } from '../exit-codes.js';
import { failureOf, type Failure } from '../failure.js';
import { interruptible } from '../interrupt.js';
import * as parse from '../parse.js';
import { note, printError, printJson } from '../print.js';
import { safe, withName } from '../text.js';
import { addBackendChoice, type BackendFlags } from './backend-options.js';
import type { AddCommand } from './command.js';
import { defined } from './fuse-options.js';

interface BenchFlags extends Omit<BackendFlags, 'threads'> {
  readonly batch: readonly number[];
  readonly threads?: readonly number[];
  readonly level: 'basic' | 'extended';
  readonly precision: Precision;
  readonly inputShape?: ReadonlyMap<string, readonly number[]>;
  readonly seed?: number;
  readonly rounds: number;
  readonly time: number;
  readonly layers: boolean;
  readonly constantInitializers?: true;
  readonly json?: true;
  readonly allowSymlinks?: true;
}

/** One model's entry in --json. */
interface Entry extends Partial<ModelBench> {
  readonly input: string;
  readonly error: Failure | undefined;
}

/** `convfuse bench`: measures on this machine what fusing saves. */
export const addBench: AddCommand = (command, done) => {
  command
    .argument('<model...>', '.onnx files, or folders of them')
    .option('--batch <n,...>', 'images at a time', parse.positiveIntegers, [1])
    .addOption(
      new Option('--level <level>', 'exact folds only, or sibling and branch merges too')
        .choices(['basic', 'extended'])
        .default('basic'),
    )
    .addOption(
      new Option('--precision <mode>', 'of the convolutions')
        .choices(['strict', 'default', 'fast', 'bfloat16'] satisfies Precision[])
        .default('default'),
    )
    .option('--input-shape <name=1x3x224x224>', 'shape of an input', parse.namedShape)
    .option('--seed <n>', 'seed of the random inputs (default: 0)', parse.wholeNumber)
    .option('--rounds <n>', 'turns that each variant takes', parse.positiveInteger, 7)
    .option('--time <ms>', 'length of a turn', parse.positive, 60)
    .option('--no-layers', 'time whole networks alone')
    .option('--constant-initializers', 'initializers that are also graph inputs are constants')
    .option('--json', 'print one JSON document')
    .option('--allow-symlinks', 'external data behind links, inside the real folder of the model');
  addBackendChoice(command)
    .option('--threads <n,...>', 'threads of the native code', parse.positiveIntegers)
    .action(async (paths: string[], flags: BenchFlags) => {
      const entries: Entry[] = [];
      const interruption = await interruptible((signal) => benchAll(paths, flags, signal, entries));
      if (flags.json === true) printJson({ schema: 1, models: entries });
      const failed = entries.filter(({ error }) => error !== undefined).length;
      if (failed > 0) done(entries.length > 1 ? EXIT.partial : EXIT.error);
      if (interruption !== undefined) done(interruption.exitCode);
    });
};

async function benchAll(
  paths: readonly string[],
  flags: BenchFlags,
  signal: AbortSignal,
  entries: Entry[],
): Promise<void> {
  const { models, notes } = await findModels(paths);
  for (const text of notes) note(`note: ${safe(text)}`);
  if (models.length === 0)
    throw new ConvfuseError('ERR_IO', `no .onnx file in ${paths.join(', ')}`);
  for (const { path: input, error: unreadable } of models) {
    try {
      if (unreadable !== undefined) throw unreadable;
      const bench = await benchFile(input, flags, signal);
      entries.push({ input, error: undefined, ...bench });
      if (flags.json !== true) printBench(input, bench);
    } catch (error) {
      signal.throwIfAborted();
      const failure = failureOf(error);
      entries.push({ input, error: failure });
      printError(failure.code, withName(input, failure.message));
    }
  }
}

async function benchFile(
  file: string,
  flags: BenchFlags,
  signal: AbortSignal,
): Promise<ModelBench> {
  const model = await loadModel(file, { allowSymlinks: flags.allowSymlinks === true });
  const { backend, isa, threads, batch, level, precision, seed, layers, rounds, time } = flags;
  const options: ModelBenchOptions = {
    ...defined({ backend, isa, threads, seed }),
    ...(flags.inputShape && { inputShapes: Object.fromEntries(flags.inputShape) }),
    batch,
    level,
    precision,
    layers,
    constantInitializers: flags.constantInitializers,
    timing: { rounds, milliseconds: time },
    signal,
  };
  return benchModel(model, options);
}
