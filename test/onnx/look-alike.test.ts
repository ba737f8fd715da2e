import test from 'ava';

import { lookAlike } from '#convfuse/onnx/look-alike.js';

import { readBytes } from '../helpers/read-bytes.js';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

const FILES: readonly [string, string, RegExp][] = [
  ['zip', 'PK\x03\x04\x14\0', /zip/],
  ['gzip', '\x1f\x8b\x08\0\0', /gzip/],
  ['git lfs', 'version https://git-lfs.github.com/spec/v1\noid sha256:', /git lfs pull/],
  ['html', '<!DOCTYPE html>\n<html>', /HTML/],
  ['json', ' {"model": 1}', /JSON/],
  ['text form', 'ir_version: 7\nproducer_name: "x"', /text form/],
  ['safetensors', '\x40\0\0\0\0\0\0\0{"weight":{}}', /safetensors/],
  ['ORT format', '\x18\0\0\0ORTM\0\0', /ORT/],
  ['TensorFlow Lite', '\x1c\0\0\0TFL3', /TensorFlow Lite/],
  ['NumPy', '\x93NUMPY\x01\0', /NumPy/],
  ['Keras', '\x89HDF\r\n\x1a\n', /HDF5/],
  ['pickle', '\x80\x02}q', /pickle/],
];

for (const [name, text, expected] of FILES) {
  test(`${name} is told by name`, (t) => {
    t.regex(lookAlike(bytes(text))!, expected);
    const error = t.throws(() => readBytes(bytes(text)), { message: expected });
    t.like(error, { code: 'ERR_PARSE' });
  });
}

test('a tar archive is told by the mark in its header', (t) => {
  const tar = new Uint8Array(512);
  tar.set(bytes('model.onnx'));
  tar.set(bytes('ustar'), 257);
  t.regex(lookAlike(tar)!, /tar/);
});

test('nothing is said of bytes that tell nothing', (t) => {
  t.is(lookAlike(Uint8Array.of(8, 7, 18, 0)), undefined);
  t.is(lookAlike(new Uint8Array(0)), undefined);
});
