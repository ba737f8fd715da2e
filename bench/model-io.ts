// node out/bench/model-io.js [MiB]
//
// Reads and writes one large model with one weight changed, and says how long that takes beside a
// plain copy of the file, in the kernel and through the memory of a process, and what memory it
// needs beside the file itself. Fresh pages for the file are most of the time of the latter two.

import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { loadModel } from '#convfuse/api/load.js';
import { saveModel } from '#convfuse/api/save.js';
import { Editor } from '#convfuse/ir/editor.js';

import { modelBytes, node, tensor } from '../test/helpers/model-builder.js';

const MIB = 2 ** 20;
const COUNT = 50;

const [, self, argument = '500', made] = process.argv;
const size = Number(argument);
if (made !== undefined) {
  if (existsSync(made)) await copyThroughMemory(made);
  else makeFile(made, size);
  process.exit();
}
const folder = mkdtempSync(path.join(tmpdir(), 'convfuse-bench-'));
try {
  const input = path.join(folder, 'in.onnx');
  // In a process of its own: what it takes to make the file is not what is measured.
  spawnSync(process.execPath, [self!, argument, input], { stdio: 'inherit' });
  await timed('copy of the file', () => copyFileSync(input, path.join(folder, 'copy.onnx')));
  rmSync(path.join(folder, 'copy.onnx'));
  spawnSync(process.execPath, [self!, argument, input], { stdio: 'inherit' });
  const before = process.memoryUsage().rss;
  const model = await timed('loadModel', () => loadModel(input));
  const edit = new Editor(model);
  const first = model.graph.first!;
  const weight = { type: 'float32', dims: [1], data: Float32Array.of(2) } as const;
  edit.setInputs(first, [first.input(0), edit.constant(model.graph, 'weight', weight)]);
  edit.sweep();
  await timed('saveModel', () => saveModel(model, path.join(folder, 'out.onnx')));
  const peak = process.resourceUsage().maxRSS * 1024;
  const own = (Math.max(peak, before) - before - statSync(input).size) / MIB;
  console.log(`memory beside the file: ${own.toFixed(0)} MiB`);
} finally {
  rmSync(folder, { recursive: true });
}

/** What any program does at least that reads a file, writes it elsewhere and makes it durable. */
async function copyThroughMemory(file: string): Promise<void> {
  const bytes = await timed('plain read into memory', () => readFileSync(file));
  await timed('plain write and fsync', () => {
    const output = openSync(`${file}.copy`, 'w');
    writeSync(output, bytes);
    fsyncSync(output);
    closeSync(output);
  });
  rmSync(`${file}.copy`);
}

function makeFile(file: string, mebibytes: number): void {
  const each = Math.floor((mebibytes * MIB) / COUNT / 4);
  const initializers = Array.from({ length: COUNT }, (_, at) =>
    tensor(`w${at}`, [each], new Float32Array(each).fill(at)),
  );
  const nodes = Array.from({ length: COUNT }, (_, at) =>
    node('Mul', [`v${at}`, `w${at}`], [`v${at + 1}`]),
  );
  const spec = { inputs: ['v0'], outputs: [`v${COUNT}`], initializers, nodes };
  writeFileSync(file, modelBytes(spec));
}

async function timed<T>(what: string, run: () => T | Promise<T>): Promise<T> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  const result = await run();
  const { user, system } = process.cpuUsage(cpu);
  const elapsed = (performance.now() - start).toFixed(0);
  console.log(`${what}: ${elapsed} ms (processor ${((user + system) / 1000).toFixed(0)} ms)`);
  return result;
}
