import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import test from 'ava';
import fc from 'fast-check';

import { loadModel } from '#convfuse/api/load.js';
import { ConvfuseError } from '#convfuse/errors.js';
import { problemsOf } from '#convfuse/ir/check.js';
import { ModelProtoSchema } from '#convfuse/onnx/gen/onnx_pb.js';
import { create, toBinary } from '@bufbuild/protobuf';

import { corpus } from '../helpers/corpus.js';
import {
  encode,
  float,
  graph,
  model,
  modelBytes,
  node,
  tensor,
  type ModelSpec,
} from '../helpers/model-builder.js';
import { codeOf, readBytes, readSpec } from '../helpers/read-bytes.js';

const SMALL: ModelSpec = {
  inputs: [
    ['x', [1, 2, 'h', undefined]],
    ['c', [], 'bool'],
  ],
  outputs: ['y'],
  valueInfo: [['m', [1, 2, 3]]],
  initializers: [tensor('w', [2, 2, 1, 1], [1, 2, 3, 4]), tensor('s', [2], [1, 2])],
  nodes: [
    node('Conv', ['x', 'w'], ['m'], { kernel_shape: [1, 1], auto_pad: 'VALID' }, 'conv'),
    node('BatchNormalization', ['m', 's', 's', 's', 's'], ['n'], { epsilon: float(1e-5) }),
    node('If', ['c'], ['y'], {
      then_branch: graph({ nodes: [node('Relu', ['n'], ['t'])], outputs: ['t'] }),
      else_branch: graph({ nodes: [node('Neg', ['n'], ['e'])], outputs: ['e'] }),
    }),
  ],
};

/** A read that may fail, but only in the ways it is meant to. */
function attempt(bytes: Uint8Array): 'read' | 'refused' {
  try {
    const file = readBytes(bytes);
    const problems = problemsOf(file);
    if (problems.length > 0) throw new Error(problems.join('; '));
    for (const part of file.graphs()) {
      for (const [, constant] of part.initializers()) if (constant.type) constant.read();
    }
    return 'read';
  } catch (error) {
    if (error instanceof ConvfuseError && error.code !== 'ERR_INTERNAL') return 'refused';
    throw error;
  }
}

test('no prefix of a file is read', (t) => {
  const bytes = modelBytes(SMALL);
  t.is(attempt(bytes), 'read');
  // A cut between two fields of the top level leaves a well-formed file: here what is lost is
  // the graph (the last field), and without one nothing is read.
  for (let length = 0; length < bytes.length; length++) {
    t.is(attempt(bytes.subarray(0, length)), 'refused', `${length} bytes`);
  }
});

test('changed bytes are read or refused, nothing else', (t) => {
  const bytes = modelBytes(SMALL);
  const before = Object.getOwnPropertyNames(Object.prototype).join();
  const change = fc.record({
    at: fc.nat(bytes.length - 1),
    kind: fc.constantFrom('set', 'insert', 'delete', 'repeat'),
    byte: fc.integer({ min: 0, max: 255 }),
    length: fc.integer({ min: 1, max: 20 }),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      let mutant = [...bytes];
      for (const { at, kind, byte, length } of changes) {
        if (kind === 'set') mutant[at] = byte;
        else if (kind === 'insert') mutant.splice(at, 0, byte);
        else if (kind === 'delete') mutant.splice(at, length);
        else mutant = [...mutant.slice(0, at + length), ...mutant.slice(at)];
      }
      attempt(Uint8Array.from(mutant));
    }),
    { numRuns: 2000, seed: 7 },
  );
  t.is(Object.getOwnPropertyNames(Object.prototype).join(), before);
});

test('noise is refused', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => attempt(bytes) === 'refused'),
    { numRuns: 1000, seed: 7 },
  );
  t.pass();
});

test('the model knows its versions', (t) => {
  const file = readSpec({ ...SMALL, irVersion: 10, opset: 21, opsets: { 'ai.onnx.ml': 3 } });
  t.is(file.irVersion, 10);
  t.deepEqual(
    [...file.opsets],
    [
      ['', 21],
      ['ai.onnx.ml', 3],
    ],
  );
  t.is(file.producer, 'convfuse test');
  t.is(file.unknownVersion, undefined);
});

test('ai.onnx is the default domain', (t) => {
  const message = model(SMALL);
  message.opsetImport[0]!.domain = 'ai.onnx';
  message.graph!.node[0]!.domain = 'ai.onnx';
  const file = readBytes(encode(message));
  t.is(file.opsets.get(''), 17);
  t.true(file.graph.first!.is('Conv'));
});

const VERSIONS: readonly [string, ModelSpec, string][] = [
  ['IR version 0', { irVersion: 0 }, 'ERR_MODEL'],
  ['a negative IR version', { irVersion: -1 }, 'ERR_MODEL'],
  ['opset 0', { opset: 0 }, 'ERR_MODEL'],
  ['a negative opset', { opset: -3 }, 'ERR_MODEL'],
  ['the default domain twice', { opsets: { 'ai.onnx': 17 } }, 'ERR_MODEL'],
];

for (const [name, spec, expected] of VERSIONS) {
  test(`refused: ${name}`, (t) => {
    t.is(
      codeOf(() => readSpec({ ...SMALL, ...spec })),
      expected,
    );
  });
}

test('later versions are read, and marked', (t) => {
  t.regex(readSpec({ ...SMALL, irVersion: 14 }).unknownVersion!, /IR version 14/);
  t.regex(readSpec({ ...SMALL, irVersion: 2 ** 40 }).unknownVersion!, /IR version/);
  t.regex(readSpec({ ...SMALL, opset: 999 }).unknownVersion!, /opset 999/);
});

test('operator sets must be imported, from IR 3 on', (t) => {
  const message = model(SMALL);
  message.opsetImport = [];
  t.is(
    codeOf(() => readBytes(encode(message))),
    'ERR_MODEL',
  );
  message.irVersion = 2n;
  t.is(readBytes(encode(message)).opsets.get(''), 1);
});

test('nodes of domains that are not imported are nobody’s business, except of the default one', (t) => {
  const nodes = [node('my.domain::Op', ['x'], ['y'])];
  t.is(readSpec({ inputs: ['x'], outputs: ['y'], nodes }).graph.first!.opset, 0);
  const message = model({ inputs: ['x'], outputs: ['y'], nodes: [node('Relu', ['x'], ['y'])] });
  message.opsetImport[0]!.domain = 'other';
  t.is(
    codeOf(() => readBytes(encode(message))),
    'ERR_MODEL',
  );
});

test('a file needs a graph', (t) => {
  const message = create(ModelProtoSchema, { irVersion: 8n, opsetImport: [{ version: 17n }] });
  t.is(
    codeOf(() => readBytes(toBinary(ModelProtoSchema, message))),
    'ERR_MODEL',
  );
  t.is(
    codeOf(() => readBytes(new Uint8Array(0))),
    'ERR_PARSE',
  );
});

test('an external tensor needs a folder', (t) => {
  const weight = tensor('w', [1], []);
  weight.rawData = new Uint8Array(0);
  weight.dataLocation = 1;
  const message = model({ outputs: ['w'], initializers: [weight] });
  message.graph!.initializer[0]!.externalData = [
    { $typeName: 'onnx.StringStringEntryProto', key: 'location', value: 'w.bin' },
  ];
  t.is(
    codeOf(() => readBytes(encode(message))),
    'ERR_EXTERNAL_PATH',
  );
});

/** Processor time that reading takes, the best of four: other processes do not count. */
function cost(bytes: Uint8Array): number {
  let best = Infinity;
  for (let run = 0; run < 4; run++) {
    const start = process.cpuUsage();
    readBytes(bytes);
    best = Math.min(best, process.cpuUsage(start).user);
  }
  return best;
}

const SHAPES: readonly [string, (n: number) => ModelSpec][] = [
  [
    'a long chain',
    (n) => ({
      inputs: ['v0'],
      outputs: [`v${n}`],
      nodes: Array.from({ length: n }, (_, i) => node('Relu', [`v${i}`], [`v${i + 1}`])),
    }),
  ],
  [
    'a value with many readers',
    (n) => ({
      inputs: ['x'],
      outputs: ['y0'],
      nodes: Array.from({ length: n }, (_, i) => node('Relu', ['x'], [`y${i}`])),
    }),
  ],
  [
    'nodes in reverse order',
    (n) => ({
      inputs: ['v0'],
      outputs: [`v${n}`],
      nodes: Array.from({ length: n }, (_, i) => node('Relu', [`v${n - 1 - i}`], [`v${n - i}`])),
    }),
  ],
  [
    'many initializers',
    (n) => ({
      outputs: ['w0'],
      initializers: Array.from({ length: n }, (_, i) => tensor(`w${i}`, [1], [i])),
    }),
  ],
];

for (const [name, spec] of SHAPES) {
  test.serial(`time is linear in the size: ${name}`, (t) => {
    const [small, large] = [modelBytes(spec(8000)), modelBytes(spec(64_000))];
    readBytes(small);
    // 8 for linear, 64 for quadratic, each time: far enough apart for caches and garbage, but a neighbour
    // may take the caches from all runs of one size.
    let ratio = Infinity;
    for (let attempt = 0; attempt < 5 && ratio >= 32; attempt++) {
      ratio = Math.min(ratio, cost(large) / cost(small));
    }
    t.true(ratio < 32, `8 times the size took ${ratio.toFixed(1)} times as long`);
  });
}

test('hostile files are read or refused as they should be', async (t) => {
  const folder = corpus('hostile/made');
  if (folder === undefined) {
    t.pass();
    return;
  }
  const list = JSON.parse(readFileSync(path.join(folder, 'hostile.json'), 'utf8')) as Record<
    string,
    { expect: string }
  >;
  for (const [name, { expect }] of Object.entries(list)) {
    let outcome: string;
    try {
      const file = await loadModel(path.join(folder, name));
      outcome = file.warnings.length > 0 || file.unknownVersion ? 'warned' : 'read';
    } catch (error) {
      t.true(error instanceof ConvfuseError, `${name}: ${String(error)}`);
      outcome = 'refused';
    }
    const must = /^(reject|accept)(?!.* or | to )/.exec(expect)?.[1];
    if (must === 'reject') t.is(outcome, 'refused', `${name}: ${expect}`);
    if (must === 'accept') t.not(outcome, 'refused', `${name}: ${expect}`);
    if (/^reject or (warn|sort)/.test(expect)) t.not(outcome, 'read', `${name}: ${expect}`);
  }
});

test('all other files of the corpus are read, and make sense', async (t) => {
  const folder = corpus('models');
  if (folder === undefined) {
    t.pass();
    return;
  }
  const root = path.dirname(folder);
  let count = 0;
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.onnx') || name.startsWith('hostile')) continue;
    const file = await loadModel(path.join(root, name));
    t.deepEqual(problemsOf(file), [], name);
    count += 1;
  }
  t.true(count > 200, `${count} files`);
});
