import { lstat } from 'node:fs/promises';
import path from 'node:path';

import { InvalidArgumentError, Option } from 'commander';

import {
  activationKinds,
  ConvfuseError,
  loadInputSets,
  loadModel,
  activationReplacements,
  saveModel,
  studyActivations,
  type ActivationKind,
  type ActivationStudyOptions,
  type Replacement,
  type SavedModel,
} from '../../index.js';
import { printStudy } from '../activations-text.js';
import { interruptible } from '../interrupt.js';
import * as parse from '../parse.js';
import { note, print, printJson } from '../print.js';
import { safe } from '../text.js';
import { addBackendOptions, type BackendFlags } from './backend-options.js';
import type { AddCommand } from './command.js';
import { defined } from './fuse-options.js';

interface ActivationFlags extends BackendFlags {
  readonly replace?: readonly ActivationKind[];
  readonly with: Replacement;
  readonly input?: string;
  readonly inputShape?: ReadonlyMap<string, readonly number[]>;
  readonly runs?: number;
  readonly seed?: number;
  readonly budget?: number;
  readonly output?: string;
  readonly force?: true;
  readonly time: boolean;
  readonly json?: true;
  readonly allowSymlinks?: true;
}

/** `convfuse activations`: what replacing activations would do to a model's outputs and time. */
export const addActivations: AddCommand = (command, done) => {
  command
    .argument('<model>')
    .option('--replace <kind,...>', 'kinds to swap (default: gelu,silu,mish,hard-swish)', kinds)
    .addOption(
      new Option('--with <kind>', 'what to put there')
        .choices(activationReplacements)
        .default('relu'),
    )
    .optionsGroup('What it is measured on:')
    .addOption(
      new Option('--input <dir>', 'a folder of inputs, or of folders of them: NAME.npy, input_0.pb')
        .argParser(parse.path)
        .conflicts(['runs', 'seed', 'inputShape']),
    )
    .option('--runs <n>', 'random inputs to try (default: 4)', parse.positiveInteger)
    .option('--seed <n>', 'seed of the random inputs (default: 0)', parse.wholeNumber)
    .option('--input-shape <name=1x3x224x224>', 'shape of a random input', parse.namedShape)
    .option('--no-time', 'measure errors alone')
    .optionsGroup('What is written (nothing, without a budget):')
    .option(
      '--budget <e>',
      'swap as many layers as keep the relative L2 error of the outputs within this',
      parse.nonNegative,
    )
    .option('-o, --output <file>', 'where to (default: model.relu.onnx beside it)', parse.path)
    .option('--force', 'replace an output that exists')
    .option('--json', 'print one JSON document')
    .option('--allow-symlinks', 'external data behind links, inside the real folder of the model');
  addBackendOptions(command).action(async (file: string, flags: ActivationFlags) => {
    if (flags.budget === undefined && flags.output !== undefined) {
      command.error("error: option '-o, --output <file>' needs option '--budget <e>'");
    }
    if (flags.replace?.includes(flags.with) === true) {
      command.error(`error: '${flags.with}' is in --replace and in --with`);
    }
    const interruption = await interruptible((signal) => study(file, flags, signal));
    if (interruption !== undefined) {
      note('interrupted: nothing was written');
      done(interruption.exitCode);
    }
  });
};

async function study(file: string, flags: ActivationFlags, signal: AbortSignal): Promise<void> {
  const target = flags.budget === undefined ? undefined : (flags.output ?? besideOf(file, flags));
  // Checked before minutes of work; saveModel() checks again.
  if (target !== undefined && flags.force !== true) await refuseTaken(target);
  const model = await loadModel(file, { allowSymlinks: flags.allowSymlinks === true });
  const { backend, isa, threads, replace, runs, seed, budget } = flags;
  const inputs = flags.input === undefined ? undefined : await loadInputSets(flags.input, model);
  const options: ActivationStudyOptions = {
    ...defined({ backend, isa, threads, replace, runs, seed, budget, inputs }),
    with: flags.with,
    signal,
    ...(flags.time ? {} : { timing: false }),
    ...(flags.inputShape && { inputShapes: Object.fromEntries(flags.inputShape) }),
  };
  const { study: found, model: swapped } = await studyActivations(model, options);
  let saved: SavedModel | undefined;
  if (target !== undefined && swapped !== undefined && (found.chosen?.layers ?? 0) > 0) {
    saved = await saveModel(swapped, target, { force: flags.force === true, signal });
  }
  if (flags.json === true) printJson({ schema: 1, model: file, output: saved?.path, ...found });
  else {
    printStudy(found);
    if (saved !== undefined) print(`written: ${safe(saved.path)}`);
  }
  if (budget !== undefined && saved === undefined) {
    note('note: no swap stays within the budget: nothing was written');
  }
  note(
    'note: a swap is no exact rewrite. These are distances between outputs: whether the model is ' +
      'still accurate is yours to check, on real data',
  );
}

function besideOf(file: string, flags: ActivationFlags): string {
  const { dir, name } = path.parse(file);
  return path.join(dir, `${name}.${flags.with}.onnx`);
}

async function refuseTaken(target: string): Promise<void> {
  const there = await lstat(target).catch(() => undefined);
  if (there !== undefined) {
    throw new ConvfuseError('ERR_OUTPUT', `${target} exists already: only --force replaces it`);
  }
}

function kinds(text: string, before?: readonly ActivationKind[]): ActivationKind[] {
  const known = activationKinds.filter((kind) => kind !== 'identity');
  return parse.nameList(text, before).map((name) => {
    const kind = known.find((candidate) => candidate === name);
    if (kind === undefined) throw new InvalidArgumentError(`Expected ${known.join(', ')}.`);
    return kind;
  });
}
