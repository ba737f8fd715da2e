import test from 'ava';

import { locationComponents } from '#convfuse/onnx/external-path.js';

import { codeOf } from '../helpers/read-bytes.js';

const REFUSED = [
  '',
  '.',
  './',
  '..',
  '../x',
  'a/../../x',
  'a/..',
  '/etc/passwd',
  '//host/x',
  'C:\\x',
  'C:x',
  'c:/x',
  '\\\\host\\x',
  'a\\..\\..\\x',
  'file:///etc/hostname',
  'http://127.0.0.1:9/w.bin',
  '#x',
  '#../x',
  'a\0b',
  'folder/',
];

for (const location of REFUSED) {
  test(`refused: ${JSON.stringify(location)}`, (t) => {
    t.is(
      codeOf(() => locationComponents(location)),
      'ERR_EXTERNAL_PATH',
    );
  });
}

test('plain names are what they are', (t) => {
  t.deepEqual(locationComponents('weights.bin'), ['weights.bin']);
  t.deepEqual(locationComponents('./a//b.data'), ['a', 'b.data']);
  t.deepEqual(locationComponents('onnx::Conv_123'), ['onnx::Conv_123']);
  t.deepEqual(locationComponents('%2e%2e/x'), ['%2e%2e', 'x']);
  t.deepEqual(locationComponents('..a/b..'), ['..a', 'b..']);
});
