import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { create, fromBinary, toBinary, type UnknownField } from '@bufbuild/protobuf';
import test from 'ava';
import fc from 'fast-check';

import { loadModel } from '#convfuse/api/load.js';
import { cloneModel } from '#convfuse/ir/clone.js';
import { Editor } from '#convfuse/ir/editor.js';
import type { Model } from '#convfuse/ir/model.js';
import { parseText } from '#convfuse/ir/text.js';
import {
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorAnnotationSchema,
  type GraphProto,
  type ModelProto,
} from '#convfuse/onnx/gen/onnx_pb.js';
import { encodeChunks } from '#convfuse/onnx/write.js';

import { corpus } from '../helpers/corpus.js';
import {
  encode,
  float,
  graph,
  model,
  modelBytes,
  modelFunction,
  node,
  tensor,
} from '../helpers/model-builder.js';
import { codeOf, readBytes, readSpec } from '../helpers/read-bytes.js';

import { CONV_RELU, decoded, fuseLike, KEEP, nodeOf, written } from '../helpers/fused-pair.js';

test('an unchanged model is its source, without a copy', (t) => {
  const bytes = modelBytes(CONV_RELU);
  t.is(written(readBytes(bytes)), bytes);
});

test('a splice that changes nothing gives the same bytes, for the whole corpus', async (t) => {
  const folder = corpus('models');
  const root = folder && path.dirname(folder);
  const names = root === undefined ? [] : readdirSync(root, { recursive: true, encoding: 'utf8' });
  for (const name of names.filter((one) => one.endsWith('.onnx'))) {
    const file = path.join(root!, name);
    const source = await loadModel(file).catch(() => undefined);
    if (source === undefined) continue;
    const copy = cloneModel(source);
    copy.changed = true;
    const chunks = encodeChunks(copy, KEEP);
    t.is(Buffer.compare(chunks.join(), readFileSync(file)), 0, name);
    t.is(chunks.parts.length, 1, name);
  }
  t.pass();
});

test('a fused pair: what it replaced goes, everything else stays', (t) => {
  const file = readSpec(CONV_RELU);
  fuseLike(file);
  const { graph: after } = decoded(file);
  t.deepEqual(
    after!.node.map((one) => one.name),
    ['conv'],
  );
  t.deepEqual(after!.node[0]!.input, ['x', 'weight']);
  t.deepEqual(after!.node[0]!.output, ['y']);
  t.deepEqual(
    after!.node[0]!.metadataProps.map(({ key, value }) => [key, value]),
    [['fused', 'relu']],
  );
  t.deepEqual(
    after!.initializer.map((one) => one.name),
    ['unused', 'weight'],
  );
  t.deepEqual([...new Float32Array(after!.initializer[1]!.rawData.slice().buffer)], [3]);
  // Only of values that went: a stale one was stale before.
  t.deepEqual(
    after!.valueInfo.map((one) => one.name),
    ['stale'],
  );
  t.deepEqual(readBytes(written(file)).warnings, []);
});

test('what was written is read as what is in memory, and writes the same', (t) => {
  const file = readSpec(CONV_RELU);
  fuseLike(file);
  const bytes = written(file);
  const again = readBytes(bytes);
  again.changed = true;
  t.deepEqual(written(again), bytes);
  t.is(again.graph.nodeCount, 1);
});

test('a clone is written as its original is', (t) => {
  const file = readSpec(CONV_RELU);
  const copy = cloneModel(file);
  fuseLike(copy);
  t.deepEqual(written(file), modelBytes(CONV_RELU));
  fuseLike(file);
  t.deepEqual(written(copy), written(file));
});

/** Unknown fields of every wire type. */
const UNKNOWN: UnknownField[] = [
  { no: 1000, wireType: 0, data: Uint8Array.of(0x96, 0x80, 0x00) },
  { no: 1001, wireType: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
  { no: 1002, wireType: 2, data: Uint8Array.of(3, 0xff, 0xfe, 0xfd) },
  { no: 1003, wireType: 5, data: Uint8Array.of(1, 2, 3, 4) },
];

/** Everything that an edit of the first pair may not touch, with unknown fields at every level. */
function laden(): ModelProto {
  const message = model({
    ...CONV_RELU,
    nodes: [
      ...CONV_RELU.nodes!,
      node('If', ['y'], ['z'], {
        then_branch: graph({ nodes: [node('Neg', ['y'], ['t'])], outputs: ['t'], name: 'then' }),
        else_branch: graph({ nodes: [node('Abs', ['y'], ['e'])], outputs: ['e'], name: 'else' }),
      }),
      node('Foo', ['z'], ['q'], { value: tensor('inner', [1], [1]), f: float(0.1), list: [1, 2] }),
    ],
    outputs: ['y', ['q', ['n']]],
    functions: [
      modelFunction({
        domain: 'l',
        name: 'F',
        inputs: ['a'],
        outputs: ['b'],
        nodes: [node('Neg', ['a'], ['b'])],
      }),
    ],
  });
  const entry = create(StringStringEntryProtoSchema, { key: 'k', value: 'v' });
  message.docString = 'model doc';
  message.metadataProps = [entry];
  message.graph!.docString = 'graph doc';
  message.graph!.metadataProps = [entry];
  message.graph!.node[0]!.metadataProps = [entry];
  message.graph!.node[0]!.docString = 'node doc';
  message.graph!.initializer[1]!.metadataProps = [entry];
  message.graph!.quantizationAnnotation = [create(TensorAnnotationSchema, { tensorName: 'z' })];
  addUnknown(message);
  return message;
}

/** Puts unknown fields into a message and all messages in it. */
function addUnknown(message: object): void {
  for (const value of Object.values(message)) {
    const items: unknown[] = Array.isArray(value) ? value : [value];
    for (const item of items) {
      if (typeof item !== 'object' || item === null || ArrayBuffer.isView(item)) continue;
      addUnknown(item);
    }
  }
  if ('$typeName' in message) (message as { $unknown?: UnknownField[] }).$unknown = UNKNOWN;
}

test('unknown fields survive an edit at every level, and so does all else', (t) => {
  const bytes = encode(laden());
  const file = readBytes(bytes);
  fuseLike(file);
  const before = fromBinary(ModelProtoSchema, bytes);
  const after = decoded(file);
  // The edit, made by hand on the decoded message.
  const edited: GraphProto = before.graph!;
  const [conv, , ...rest] = edited.node;
  conv!.input = ['x', 'weight'];
  conv!.output = ['y'];
  conv!.metadataProps.push(create(StringStringEntryProtoSchema, { key: 'fused', value: 'relu' }));
  edited.node = [conv!, ...rest];
  edited.initializer = [edited.initializer[1]!, tensor('weight', [1, 1, 1, 1], [3])];
  edited.valueInfo = edited.valueInfo.filter(({ name }) => name !== 'm');
  t.deepEqual(toBinary(ModelProtoSchema, after), toBinary(ModelProtoSchema, before));
});

test('fields in an odd order stay in it', (t) => {
  const file = readBytes(reversed(encode(laden())));
  file.changed = true;
  t.deepEqual(new Uint8Array(written(file)), reversed(encode(laden())));
});

/** The records of a model's top level in reverse. */
function reversed(bytes: Uint8Array): Uint8Array {
  const message = fromBinary(ModelProtoSchema, bytes);
  const graphOnly = toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph: message.graph! }));
  const rest = toBinary(ModelProtoSchema, {
    ...message,
    graph: undefined,
  } as unknown as ModelProto);
  return Uint8Array.from([...graphOnly, ...rest]);
}

test('a model that came from no file is written whole', (t) => {
  const file = parseText('m = Conv<kernel_shape = [1, 1]>(x, w)\ny = Relu(m)\ny: output float[1]');
  const again = readBytes(written(file));
  t.deepEqual(
    Array.from(again.graph.nodes(), (one) => one.opType),
    ['Conv', 'Relu'],
  );
  t.deepEqual(
    again.graph.outputs.map((one) => one.name),
    ['y'],
  );
});

test('a model too large for one file is refused before it is made', (t) => {
  const file = readSpec(CONV_RELU);
  const edit = new Editor(file);
  // One gigabyte three times: the pages are never touched.
  const data = new Uint8Array(2 ** 30);
  const huge = { type: 'uint8', dims: [2 ** 30], data } as const;
  const values = ['a', 'b', 'c'].map((name) => edit.constant(file.graph, name, huge));
  edit.setInputs(nodeOf(file, 'Relu'), values);
  t.is(
    codeOf(() => encodeChunks(file, KEEP)),
    'ERR_LIMIT',
  );
});

test('random edits are written as they are read', (t) => {
  const bytes = encode(laden());
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(5)), { maxLength: 8 }), (steps) => {
      const file = readBytes(bytes);
      const edit = new Editor(file);
      for (const [kind, at] of steps) {
        const nodes = [...file.graph.nodes()];
        const one = nodes[at % nodes.length]!;
        if (kind === 0) edit.note(one, `k${at}`, 'v');
        if (kind === 1) edit.setAttribute(one, { name: `a${at}`, kind: 'int', value: at });
        if (kind === 2) edit.insertBefore(one, { opType: 'New', inputs: [], outputs: ['new'] });
        if (kind === 3 && one.inputs.length > 0) edit.setInputs(one, [...one.inputs, one.input(0)]);
      }
      const again = readBytes(written(file));
      const shape = (of: Model): unknown =>
        Array.from(of.graph.nodes(), (one) => [
          one.opType,
          one.inputs.map((value) => value?.name),
          one.outputs.map((value) => value?.name),
          [...one.attributes.keys()],
        ]);
      t.deepEqual(shape(again), shape(file));
      again.changed = true;
      t.deepEqual(written(again), written(file));
    }),
    { numRuns: 200, seed: 3 },
  );
});
