// Compiles lib/onnx/onnx.proto to lib/onnx/gen/onnx_pb.ts, unless that is up to date. protobufjs
// parses the schema and protoc-gen-es, the plugin of protobuf-es, writes the code: together they
// stand in for protoc and buf, which the registry has no plain packages of.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor/index.js';

const schema = 'lib/onnx/onnx.proto';
const target = 'lib/onnx/gen/onnx_pb.ts';
const self = new URL(import.meta.url);
const plugin = createRequire(import.meta.url).resolve('@bufbuild/protoc-gen-es/package.json');

const stamp = createHash('sha256')
  .update(readFileSync(schema))
  .update(readFileSync(self))
  .update(readFileSync(plugin))
  .digest('hex');
const mark = `// Source: ${stamp}\n`;
if (!existsSync(target) || !readFileSync(target, 'utf8').startsWith(mark)) {
  mkdirSync('lib/onnx/gen', { recursive: true });
  writeFileSync(target, mark + generate());
}

function generate() {
  const file = parse();
  qualifyTypeNames(file);
  const request = create(CodeGeneratorRequestSchema, {
    fileToGenerate: [file.name],
    parameter: 'target=ts,import_extension=js',
    protoFile: [file],
  });
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [plugin.replace(/package\.json$/, 'bin/protoc-gen-es')],
    { input: toBinary(CodeGeneratorRequestSchema, request), maxBuffer: 2 ** 26 },
  );
  if (status !== 0) throw new Error(`protoc-gen-es: ${stderr}`);
  const response = fromBinary(CodeGeneratorResponseSchema, stdout);
  if (response.error) throw new Error(`protoc-gen-es: ${response.error}`);
  return response.file[0].content;
}

/** The schema as a FileDescriptorProto of protobuf-es. */
function parse() {
  const { root } = protobuf.parse(readFileSync(schema, 'utf8'), { keepCase: true });
  root.resolveAll();
  const set = descriptor.FileDescriptorSet.encode(root.toDescriptor('proto2')).finish();
  const file = fromBinary(FileDescriptorSetSchema, set).file.find((one) => one.package === 'onnx');
  file.name = 'onnx.proto';
  return file;
}

/** protobufjs leaves type names relative; the plugin wants them from the root, as protoc does. */
function qualifyTypeNames(file) {
  const names = new Set(file.enumType.map((type) => `.onnx.${type.name}`));
  const messages = [];
  const collect = (message, scope) => {
    const full = `${scope}.${message.name}`;
    names.add(full);
    messages.push([message, full]);
    for (const type of message.enumType) names.add(`${full}.${type.name}`);
    for (const nested of message.nestedType) collect(nested, full);
  };
  for (const message of file.messageType) collect(message, '.onnx');
  for (const [message, full] of messages) {
    for (const field of message.field) {
      if (field.typeName === '' || field.typeName.startsWith('.')) continue;
      let scope = full;
      while (scope !== '' && !names.has(`${scope}.${field.typeName}`)) {
        scope = scope.slice(0, scope.lastIndexOf('.'));
      }
      if (scope === '') throw new Error(`unknown type ${field.typeName} in ${full}`);
      field.typeName = `${scope}.${field.typeName}`;
    }
  }
}
