import path from 'node:path';

import { Option, type Command } from 'commander';

import { rules, type FuseModelsOptions, type VerifyOptions } from '../../index.js';
import { loadInputs } from '../inputs.js';
import * as parse from '../parse.js';
import { addBackendOptions, type BackendFlags } from './backend-options.js';

/** The flags of `fuse` as commander parses them. */
export interface FuseFlags extends BackendFlags {
  readonly output?: string;
  readonly outDir?: string;
  readonly inPlace?: true;
  readonly force?: true;
  readonly dryRun?: true;
  readonly explain?: true;
  readonly json?: true;
  readonly level: 'basic' | 'extended';
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly constantInitializers?: true;
  readonly allowSymlinks?: true;
  readonly quantized?: true;
  readonly allowGrowth?: true;
  readonly verify: boolean;
  readonly runs?: number;
  readonly seed?: number;
  readonly rtol?: number;
  readonly atol?: number;
  readonly input?: ReadonlyMap<string, string>;
  readonly inputShape?: ReadonlyMap<string, readonly number[]>;
  readonly jobs?: number;
  readonly timeLimit?: number;
  readonly memoryLimit?: number;
  readonly target: 'portable' | 'ort';
  readonly report?: string;
  readonly resume?: true;
}

export function addFuseOptions(command: Command): Command {
  command
    .optionsGroup('Where results go (default: model.fused.onnx beside model.onnx):')
    .addOption(
      new Option('-o, --output <file>', 'the output, for a single model')
        .argParser(parse.path)
        .conflicts(['outDir', 'inPlace']),
    )
    .addOption(
      new Option('--out-dir <dir>', 'a folder for the outputs')
        .argParser(parse.path)
        .conflicts(['inPlace']),
    )
    .option('--in-place', 'replace each model by its fused form')
    .option('--force', 'replace outputs that exist')
    .option('--dry-run', 'do everything but write')
    .optionsGroup('What is fused:')
    .addOption(
      new Option('--level <level>', 'exact folds only, or sibling and branch merges too')
        .choices(['basic', 'extended'])
        .default('basic'),
    )
    .option('--only <rule,...>', 'apply these rules and no others', parse.nameList)
    .option('--skip <rule,...>', 'apply all rules but these', parse.nameList)
    .option('--constant-initializers', 'initializers that are also graph inputs are constants')
    .option('--quantized', 'fold batch norms into the scales of quantised weights too')
    .option('--allow-growth', 'let cloned weights grow a file beyond twice its size')
    .option('--allow-symlinks', 'external data behind links, inside the real folder of the model')
    .addOption(
      new Option('--target <target>', 'standard operators only, or those of onnxruntime too')
        .choices(['portable', 'ort'])
        .default('portable'),
    )
    .optionsGroup('How it is proved:');
  addVerifyOptions(command)
    .option('--no-verify', 'do not check anything')
    .optionsGroup('How it is shown and run:')
    .option('--explain', 'print the verdict on every site, and its reason')
    .option('--json', 'print one JSON document')
    .option('--report <file.html>', 'write a report to read in a browser', parse.htmlFile)
    .option('--jobs <n>', 'models at a time (default: one per CPU)', parse.positiveInteger)
    .option('--time-limit <seconds>', 'give up on a model after this long', parse.positive)
    .option('--memory-limit <mib>', 'give up on a model that takes more memory', parse.positive)
    .addOption(
      new Option(
        '--resume',
        'go on with a batch that was stopped: fuse what is not finished',
      ).conflicts(['output', 'inPlace', 'dryRun']),
    );
  return addBackendOptions(command);
}

/** Flags that `fuse` and `verify` share. */
export function addVerifyOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--runs <n>', 'random inputs to compare on (default: 2)')
        .argParser(parse.positiveInteger)
        .conflicts('input'),
    )
    .option('--seed <n>', 'seed of the random inputs (default: 0)', parse.wholeNumber)
    .option('--rtol <r>', 'largest relative L2 error of an output', parse.nonNegative)
    .option('--atol <a>', 'absolute error that passes in any case', parse.nonNegative)
    .option('--input <name=file>', 'compare on this input: .npy or TensorProto', parse.namedFile)
    .option('--input-shape <name=1x3x224x224>', 'shape of a random input', parse.namedShape);
}

/** Refuses flags that contradict each other, with exit code 2. */
export function checkFuseFlags(command: Command, paths: readonly string[], flags: FuseFlags): void {
  const { report } = flags;
  const models = [...paths, ...(flags.output === undefined ? [] : [flags.output])];
  if (report !== undefined && models.some((file) => path.resolve(file) === path.resolve(report))) {
    command.error(`error: --report ${report} is one of the models`);
  }
  if (!flags.verify) {
    const idle = ['runs', 'seed', 'rtol', 'atol', 'input', 'inputShape'] as const;
    const given = idle.find((flag) => flags[flag] !== undefined);
    const option = command.options.find((one) => one.attributeName() === given);
    if (option !== undefined) {
      command.error(`error: option '--no-verify' cannot be used with option '${option.flags}'`);
    }
  }
  const known = new Set(rules.map(({ name }) => name));
  for (const name of [...(flags.only ?? []), ...(flags.skip ?? [])]) {
    if (!known.has(name)) {
      command.error(`error: there is no rule '${name}': 'convfuse rules' lists them`);
    }
  }
  const ort = new Set(rules.filter(({ target }) => target === 'ort').map(({ name }) => name));
  const idle = flags.target === 'ort' ? undefined : flags.only?.find((name) => ort.has(name));
  if (idle !== undefined) command.error(`error: rule '${idle}' needs --target ort`);
  const both = flags.only?.find((name) => flags.skip?.includes(name));
  if (both !== undefined) command.error(`error: rule '${both}' is in --only and in --skip`);
}

/** The options for fuseModels(); reads the files of --input. */
export async function fuseModelsOptions(flags: FuseFlags): Promise<FuseModelsOptions> {
  const verify = flags.verify ? await verifyOptions(flags) : false;
  return defined({
    output: flags.output,
    outDir: flags.outDir,
    inPlace: flags.inPlace,
    force: flags.force,
    dryRun: flags.dryRun,
    level: flags.level,
    target: flags.target,
    quantized: flags.quantized,
    only: flags.only,
    skip: flags.skip,
    constantInitializers: flags.constantInitializers,
    allowSymlinks: flags.allowSymlinks,
    allowGrowth: flags.allowGrowth,
    verify,
    resume: flags.resume,
    jobs: flags.jobs,
    timeLimit: flags.timeLimit,
    memoryLimit: flags.memoryLimit,
    backend: flags.backend,
    isa: flags.isa,
    threads: flags.threads,
  });
}

export async function verifyOptions(
  flags: Pick<FuseFlags, 'runs' | 'seed' | 'rtol' | 'atol' | 'input' | 'inputShape'>,
): Promise<VerifyOptions> {
  return defined({
    runs: flags.runs,
    seed: flags.seed,
    rtol: flags.rtol,
    atol: flags.atol,
    inputs: flags.input && [await loadInputs(flags.input)],
    inputShapes: flags.inputShape && Object.fromEntries(flags.inputShape),
  });
}

/** The options in force, including defaults, named and written as on the command line. */
export function optionTexts(command: Command): { name: string; value: string }[] {
  return command.options.flatMap((option) => {
    const value: unknown = command.getOptionValue(option.attributeName());
    const isSet = option.negate ? value === false : value !== undefined;
    return isSet ? [{ name: option.long ?? option.flags, value: optionText(value) }] : [];
  });
}

function optionText(value: unknown): string {
  if (typeof value === 'boolean') return 'yes';
  if (value instanceof Map) {
    const entries = [...(value as ReadonlyMap<string, string | readonly number[]>)];
    return entries
      .map(([name, to]) => `${name}=${Array.isArray(to) ? to.join('x') : to}`)
      .join(', ');
  }
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** Removes the entries that are undefined. */
export function defined<T extends object>(
  record: T,
): {
  [K in keyof T]?: Exclude<T[K], undefined>;
} {
  const given = Object.entries(record).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
