import test from 'ava';

import { fromNative, native } from '#convfuse/backend/native/errors.js';
import { ConvfuseError } from '#convfuse/errors.js';

test('errors of the addon become ConvfuseErrors with their code', (t) => {
  const thrown = Object.assign(new Error('no room'), { code: 'ERR_MEMORY' });
  const error = t.throws(
    () =>
      native(() => {
        throw thrown;
      }),
    { instanceOf: ConvfuseError, message: 'no room' },
  );
  t.is(error?.code, 'ERR_MEMORY');
  t.is(error?.cause, thrown);
});

test('anything else passes', (t) => {
  const other = new TypeError('x');
  t.is(fromNative(other), other);
  t.is(fromNative('text'), 'text');
  t.is(
    native(() => 5),
    5,
  );
});
