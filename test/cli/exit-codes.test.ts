import test from 'ava';

import { exitCodeOf } from '#convfuse/cli/exit-codes.js';
import type { FileReport } from '#convfuse/index.js';

function report(code?: string): FileReport {
  const error = code === undefined ? undefined : { code, message: '' };
  return { status: error === undefined ? 'fused' : 'failed', error } as FileReport;
}

test('a single model has its own code', (t) => {
  t.is(exitCodeOf([report()]), 0);
  t.is(exitCodeOf([report('ERR_PARSE')]), 1);
  t.is(exitCodeOf([report('ERR_VERIFICATION')]), 3);
});

test('several models are fine, or some failed', (t) => {
  t.is(exitCodeOf([report(), report()]), 0);
  t.is(exitCodeOf([report(), report('ERR_VERIFICATION')]), 4);
  t.is(exitCodeOf([report('ERR_IO'), report('ERR_IO')]), 4);
});
