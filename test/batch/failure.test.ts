import { readFile } from 'node:fs/promises';

import test from 'ava';

import { describeFailure } from '#convfuse/batch/failure.js';
import { ConvfuseError } from '#convfuse/errors.js';

test('codes of this library are kept', (t) => {
  t.deepEqual(describeFailure(new ConvfuseError('ERR_PARSE', 'no model')), {
    code: 'ERR_PARSE',
    message: 'no model',
  });
});

test('what the operating system refuses is ERR_IO', async (t) => {
  const error = await t.throwsAsync(readFile('/nowhere/at/all'));
  t.like(describeFailure(error), { code: 'ERR_IO' });
});

test('anything else is named as it is', (t) => {
  t.deepEqual(describeFailure(new TypeError('x is not a function')), {
    code: 'ERR_UNKNOWN',
    message: 'x is not a function',
  });
  t.deepEqual(describeFailure('text'), { code: 'ERR_UNKNOWN', message: 'text' });
});
