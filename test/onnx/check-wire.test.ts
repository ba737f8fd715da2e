import test from 'ava';

import { checkWire } from '#convfuse/onnx/check-wire.js';
import { GRAPH, MODEL } from '#convfuse/onnx/message-shapes.js';
import { recordHead } from '#convfuse/onnx/wire.js';

import { codeOf } from '../helpers/read-bytes.js';

/** A message field around some content. */
function wrap(field: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([recordHead(field, content.length), content]);
}

/** A model whose deepest message is at the given depth: graph, node, attribute, graph ... */
function nested(depth: number): Uint8Array {
  let message: Uint8Array = new Uint8Array(0);
  // Depth 1 is the model, 2 its graph; then node (1), attribute (5), graph (6) take turns.
  for (let at = depth; at > 2; at--) message = wrap([1, 5, 6][at % 3]!, message);
  return wrap(7, message);
}

test('messages may be nested 100 deep, and not 101', (t) => {
  t.is(
    codeOf(() => checkWire(nested(100), MODEL)),
    'none',
  );
  t.is(
    codeOf(() => checkWire(nested(101), MODEL)),
    'ERR_DEPTH',
  );
  t.is(
    codeOf(() => checkWire(nested(20_000), MODEL)),
    'ERR_DEPTH',
  );
});

test('types in types count as well', (t) => {
  let type: Uint8Array = new Uint8Array(0);
  for (let depth = 0; depth < 200; depth++) type = wrap(4, wrap(1, type));
  const model = wrap(7, wrap(11, wrap(2, type)));
  t.is(
    codeOf(() => checkWire(model, MODEL)),
    'ERR_DEPTH',
  );
});

test('unknown fields may hold anything that is well formed', (t) => {
  const unknown = wrap(500, Uint8Array.of(0xff, 0xff));
  t.notThrows(() => checkWire(Buffer.concat([unknown, wrap(7, unknown)]), MODEL));
});

test('a message that may occur once may not occur twice', (t) => {
  const twice = Buffer.concat([wrap(7, new Uint8Array(0)), wrap(7, new Uint8Array(0))]);
  const error = t.throws(() => checkWire(twice, MODEL), { message: /ModelProto.graph/ });
  t.like(error, { code: 'ERR_PARSE' });
});

test('a known field has its wire type', (t) => {
  const cases: [string, number[]][] = [
    ['graph as a varint', [0x38, 0x01]],
    ['ir_version as bytes', [0x0a, 0x00]],
    ['producer_name as fixed32', [0x15, 0, 0, 0, 0]],
  ];
  for (const [name, bytes] of cases) {
    t.is(
      codeOf(() => checkWire(Uint8Array.from(bytes), MODEL)),
      'ERR_PARSE',
      name,
    );
  }
});

test('packed numbers are whole', (t) => {
  const tensor = (...bytes: number[]): Uint8Array => wrap(5, Uint8Array.from(bytes));
  t.notThrows(() => checkWire(tensor(0x0a, 0x02, 0x05, 0x06), GRAPH));
  t.is(
    codeOf(() => checkWire(tensor(0x0a, 0x02, 0x05, 0x86), GRAPH)),
    'ERR_PARSE',
  );
  t.is(
    codeOf(() => checkWire(tensor(0x22, 0x03, 0, 0, 0), GRAPH)),
    'ERR_PARSE',
  );
});
