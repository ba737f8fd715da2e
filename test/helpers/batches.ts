// A folder of models that runs are stopped over and gone on with.

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { ExecutionContext } from 'ava';

import { JOURNAL_NAME } from '#convfuse/batch/journal.js';
import { fuseModels, type FileReport, type FuseModelsOptions } from '#convfuse/index.js';
import { listing, temporaryFolder } from './cli.js';
import { externalModel } from './external-model.js';
import { convBnModel, reluModel } from './small-models.js';

export interface Batch {
  readonly folder: string;
  readonly models: string;
  readonly out: string;
  readonly journal: string;
}

/** Four models: a and b fuse, e has external data, r does not change. */
export function setUpBatch(t: ExecutionContext): Batch {
  const folder = temporaryFolder(t);
  const models = path.join(folder, 'models');
  const out = path.join(folder, 'out');
  mkdirSync(models);
  writeFileSync(path.join(models, 'a.onnx'), convBnModel({ seed: 1 }));
  writeFileSync(path.join(models, 'b.onnx'), convBnModel({ seed: 2 }));
  writeFileSync(path.join(models, 'e.onnx'), externalModel().bytes);
  writeFileSync(path.join(models, 'w.bin'), externalModel().data);
  writeFileSync(path.join(models, 'r.onnx'), reluModel());
  return { folder, models, out, journal: path.join(out, JOURNAL_NAME) };
}

export interface Outcome {
  readonly reports: FileReport[];
  readonly notes: readonly string[];
  /** `a fused`, `b fused resumed` ... */
  readonly lines: readonly string[];
}

export async function runBatch(
  batch: Batch,
  options: FuseModelsOptions = {},
  paths = [batch.models],
): Promise<Outcome> {
  const reports: FileReport[] = [];
  const notes: string[] = [];
  const place = options.output === undefined ? { outDir: batch.out } : {};
  for await (const report of fuseModels(paths, {
    ...place,
    jobs: 1,
    onNote: (note) => notes.push(note),
    ...options,
  })) {
    reports.push(report);
  }
  reports.sort((a, b) => (a.input < b.input ? -1 : 1));
  const lines = reports.map(({ input, status, resumed }) =>
    [path.basename(input, '.onnx'), status, ...(resumed === true ? ['resumed'] : [])].join(' '),
  );
  return { reports, notes, lines };
}

export const ALL_RESUMED = [
  'a fused resumed',
  'b fused resumed',
  'e unchanged resumed',
  'r unchanged resumed',
];

/** The content of a folder, by name, without the journal. */
export function filesOf(folder: string): Record<string, string> {
  const names = listing(folder).filter((name) => statSync(path.join(folder, name)).isFile());
  return Object.fromEntries(
    names
      .filter((name) => !path.basename(name).startsWith('.convfuse-'))
      .map((name) => [name, readFileSync(path.join(folder, name), 'base64')]),
  );
}

/** Reports without what differs from run to run. */
export const comparable = (reports: readonly FileReport[]): unknown[] =>
  reports.map(({ milliseconds: _times, resumed: _resumed, ...rest }) => rest);

export const inModels = (batch: Batch, name: string): string => path.join(batch.models, name);
export const inOut = (batch: Batch, name: string): string => path.join(batch.out, name);
export const dataFile = (batch: Batch): string =>
  inOut(
    batch,
    readdirSync(batch.out).find((name) => name.endsWith('.data'))!,
  );
