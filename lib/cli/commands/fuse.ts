import type { Command } from 'commander';

import { ConvfuseError, fuseModels, machineInfo, type FileReport } from '../../index.js';
import { exitCodeOf } from '../exit-codes.js';
import { printExplanations, printNotes, printSummary } from '../fuse-text.js';
import { interruptible } from '../interrupt.js';
import { note, printJson } from '../print.js';
import { startProgress } from '../progress.js';
import { safe } from '../text.js';
import type { AddCommand } from './command.js';
import {
  addFuseOptions,
  checkFuseFlags,
  defined,
  fuseModelsOptions,
  type FuseFlags,
} from './fuse-options.js';

/** `convfuse fuse`: the main job. */
export const addFuse: AddCommand = (command, done) => {
  command.argument('<model...>', '.onnx files, or folders of them');
  addFuseOptions(command).action(async (paths: string[], flags: FuseFlags) => {
    checkFuseFlags(command, flags);
    const reports: FileReport[] = [];
    const interruption = await interruptible((signal) =>
      fuseAll(command, paths, flags, signal, reports),
    );
    show(reports, flags);
    if (interruption !== undefined) note('interrupted: models not listed were not written');
    done(interruption?.exitCode ?? exitCodeOf(reports));
  });
};

async function fuseAll(
  command: Command,
  paths: readonly string[],
  flags: FuseFlags,
  signal: AbortSignal,
  reports: FileReport[],
): Promise<void> {
  const options = await fuseModelsOptions(flags);
  // Workers keep what they have to say about the backend to themselves: it is said here, once,
  // and one that was demanded and is absent ends it before any work.
  const { backend, isa, threads } = flags;
  machineInfo(defined({ backend, isa, threads }));
  const progress = await startProgress();
  const order: string[] = [];
  try {
    const results = fuseModels(paths, {
      ...options,
      signal,
      onNote: (text) => note(`note: ${safe(text)}`),
      onProgress: (event) => {
        if (event.phase === 'queued') order.push(event.input);
        progress.update(event);
      },
    });
    for await (const report of results) {
      reports.push(report);
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
    // They come as they are done; they are shown as they were named.
    const place = new Map(order.map((input, index) => [input, index]));
    reports.sort((a, b) => place.get(a.input)! - place.get(b.input)!);
  }
  if (reports.length === 0)
    throw new ConvfuseError('ERR_IO', `no .onnx file in ${paths.join(', ')}`);
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
