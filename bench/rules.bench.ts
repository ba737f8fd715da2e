// What rewriting costs: beside reading and writing a large file, and for each node of long models.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { encodeModel } from '#convfuse/api/encode.js';
import { fuseModel } from '#convfuse/api/fuse.js';
import { loadModel } from '#convfuse/api/load.js';
import { ratioOf, spreadOf, type Spread } from '#convfuse/api/measure.js';
import { saveModel } from '#convfuse/api/save.js';

import { FORMS, largeModel } from './scale-models.js';

/** A large file: load, fuse and save against load and save. Verification is left out of both. */
export interface LargeFileRow {
  readonly level: 'basic' | 'extended';
  readonly megabytes: number;
  readonly fused: number;
  readonly unchangedMilliseconds: Spread;
  readonly fusedMilliseconds: Spread;
  /** Times as long as without fusing, round by round: below 3 is wanted. */
  readonly ratio: Spread;
}

/** A model of many nodes, in memory: load, fuse at level extended, encode. */
export interface ManyNodesRow {
  readonly form: string;
  readonly nodes: number;
  readonly microsecondsPerNode: Spread;
  /** Times as long for each node as in the smallest one of the form, round by round. */
  readonly ratio: Spread;
}

export interface RulesResults {
  readonly largeFiles: readonly LargeFileRow[];
  readonly manyNodes: readonly ManyNodesRow[];
}

export interface RulesBenchOptions {
  readonly rounds: number;
  readonly megabytes: number;
  /** Of each form, the smallest first. */
  readonly nodes: readonly number[];
}

/** Nodes that are rewritten in one timing: of small models several, so that each has its share of what is collected later. */
const NODES_TIMED = 10_000;

/** Models of more nodes are timed once, when the smaller ones have warmed up what they run. */
const MOST_REPEATED = 30_000;

const LEVELS = ['basic', 'extended'] as const;
const UNCHECKED = { verify: false, allowGrowth: true } as const;

export async function benchRules(options: RulesBenchOptions): Promise<RulesResults> {
  const largeFiles = await benchLargeFile(options);
  const manyNodes: ManyNodesRow[] = [];
  for (const form of Object.keys(FORMS)) manyNodes.push(...(await benchForm(form, options)));
  return { largeFiles, manyNodes };
}

async function benchLargeFile({ rounds, megabytes }: RulesBenchOptions): Promise<LargeFileRow[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'convfuse-bench-'));
  const [input, output] = ['in.onnx', 'out.onnx'].map((name) => path.join(folder, name)) as [
    string,
    string,
  ];
  try {
    const bytes = largeModel(megabytes);
    writeFileSync(input, bytes);
    const counts: number[] = [];
    const runs = [undefined, ...LEVELS].map((level, at) => async (): Promise<void> => {
      let model = await loadModel(input);
      if (level !== undefined) {
        const fused = await fuseModel(model, { ...UNCHECKED, level });
        counts[at] = fused.report.sites.filter(({ verdict }) => verdict === 'fused').length;
        model = fused.model;
      }
      await saveModel(model, output, { force: true });
    });
    const [plain, ...fusing] = await takeTurns(runs, rounds);
    return LEVELS.map((level, at) => ({
      level,
      megabytes: bytes.length / 1e6,
      fused: counts[at + 1]!,
      unchangedMilliseconds: spreadOf(plain!),
      fusedMilliseconds: spreadOf(fusing[at]!),
      ratio: ratioOf(fusing[at]!, plain!),
    }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function benchForm(
  form: string,
  { rounds, nodes }: RulesBenchOptions,
): Promise<ManyNodesRow[]> {
  // Proved once, at the smallest size; what follows is timed alone.
  const smallest = await loadModel(FORMS[form]!(nodes[0]!));
  await fuseModel(smallest, { level: 'extended', allowGrowth: true });
  const runOf = (count: number) => {
    const bytes = FORMS[form]!(count);
    return async (): Promise<void> => {
      for (let left = Math.max(count, NODES_TIMED); left > 0; left -= count) {
        const { model } = await fuseModel(await loadModel(bytes), {
          ...UNCHECKED,
          level: 'extended',
        });
        encodeModel(model);
      }
    };
  };
  const repeated = nodes.filter((count) => count <= MOST_REPEATED);
  const times = await takeTurns(repeated.map(runOf), rounds);
  for (const count of nodes.slice(repeated.length)) times.push(await timeOnce(runOf(count)));
  const each = times.map((list, at) =>
    list.map((milliseconds) => (1000 * milliseconds) / Math.max(nodes[at]!, NODES_TIMED)),
  );
  const usual = spreadOf(each[0]!).median;
  return each.map((list, at) => ({
    form,
    nodes: nodes[at]!,
    microsecondsPerNode: spreadOf(list),
    ratio: ratioOf(list, list.length === rounds ? each[0]! : list.map(() => usual)),
  }));
}

async function timeOnce(run: () => Promise<void>): Promise<Float64Array> {
  const start = performance.now();
  await run();
  return Float64Array.of(performance.now() - start);
}

/** Milliseconds of each, round by round, in rotating order; each ran once before. */
async function takeTurns(
  runs: readonly (() => Promise<void>)[],
  rounds: number,
): Promise<Float64Array[]> {
  for (const run of runs) await run();
  const times = runs.map(() => new Float64Array(rounds));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < runs.length; turn++) {
      const at = (turn + round) % runs.length;
      times[at]!.set(await timeOnce(runs[at]!), round);
    }
  }
  return times;
}
