import type { Command } from 'commander';

import { ConvfuseError, fuseModels, machineInfo, type FileReport } from '../../index.js';
import { EXIT, exitCodeOf } from '../exit-codes.js';
import { printExplanations, printNotes, printSummary } from '../fuse-text.js';
import { interruptible } from '../interrupt.js';
import { note, printJson } from '../print.js';
import { startProgress } from '../progress.js';
import { startReport } from '../run-report.js';
import type { AddCommand } from './command.js';
import {
  addFuseOptions,
  checkFuseFlags,
  defined,
  fuseModelsOptions,
  optionTexts,
  type FuseFlags,
} from './fuse-options.js';

/** `convfuse fuse`: the main job. */
export const addFuse: AddCommand = (command, done) => {
  command.argument('<model...>', '.onnx files, or folders of them');
  addFuseOptions(command).action(async (paths: string[], flags: FuseFlags) => {
    checkFuseFlags(command, paths, flags);
    // Warnings about the backend do not reach the terminal from workers, so they are issued here,
    // once. A backend that is demanded but absent ends the command before any work.
    const { backend, isa, threads } = flags;
    const machine = machineInfo(defined({ backend, isa, threads }));
    const page = await startReport(flags, { machine, options: optionTexts(command) });
    const batch: Batch = { found: [], models: [] };
    const interruption = await interruptible((signal) =>
      fuseAll(command, paths, flags, signal, batch),
    );
    const { models, found } = batch;
    show(models, flags);
    const interrupted = interruption !== undefined;
    if (interrupted) noteInterruption(found.length, flags);
    const written = await page?.write({ models, found: found.length, interrupted });
    const exitCode = written === false ? EXIT.error : exitCodeOf(models);
    done(interruption?.exitCode ?? exitCode);
  });
};

interface Batch {
  /** Paths of all models of the command, in the order of the arguments. */
  readonly found: string[];
  /** Reports of the models that were worked on so far. */
  readonly models: FileReport[];
}

async function fuseAll(
  command: Command,
  paths: readonly string[],
  flags: FuseFlags,
  signal: AbortSignal,
  { found, models }: Batch,
): Promise<void> {
  const options = await fuseModelsOptions(flags);
  const progress = await startProgress();
  try {
    const results = fuseModels(paths, {
      ...options,
      signal,
      onNote: (text) => progress.note(text),
      onProgress: (event) => {
        if (event.phase === 'queued') found.push(event.input);
        progress.update(event);
      },
    });
    for await (const report of results) {
      models.push(report);
      progress.finish(report);
    }
  } catch (error) {
    // Wrong arguments are refused before any work: outputs that clash, for instance.
    if (error instanceof ConvfuseError && error.code === 'ERR_ARGUMENT') {
      command.error(`error: ${error.message}`);
    }
    throw error;
  } finally {
    await progress.close();
    // Reports arrive as models finish; they are shown in the order of the arguments.
    const place = new Map(found.map((input, index) => [input, index]));
    models.sort((a, b) => place.get(a.input)! - place.get(b.input)!);
  }
  if (models.length === 0)
    throw new ConvfuseError('ERR_IO', `no .onnx file in ${paths.join(', ')}`);
}

function noteInterruption(models: number, flags: FuseFlags): void {
  const single = models < 2 && flags.resume !== true;
  const lost =
    single || flags.output !== undefined || flags.inPlace === true || flags.dryRun === true;
  const advice = lost ? '' : '; the same command with --resume continues';
  note(`interrupted: models not listed were not written${advice}`);
}

function show(reports: readonly FileReport[], flags: FuseFlags): void {
  if (flags.json === true) {
    printJson({ schema: 1, models: reports });
  } else if (reports.length > 0) {
    if (flags.explain === true) printExplanations(reports);
    printSummary(reports);
  }
  printNotes(reports, flags);
}
