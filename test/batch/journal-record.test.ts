import test from 'ava';

import { sha256 } from '#convfuse/api/content.js';
import { decodeRecord, encodeRecord } from '#convfuse/batch/journal-record.js';
import { storable } from '#convfuse/batch/stored-fields.js';
import { sampleRecord } from '../helpers/journals.js';

const lineOf = (record: unknown): string => {
  const text = JSON.stringify(record);
  return `{"sha256":"${sha256([Buffer.from(text)])}","record":${text}}`;
};

test('a record comes back as it was, with keys whose values are undefined and numbers JSON lacks', (t) => {
  const record = sampleRecord();
  const line = encodeRecord(record);
  t.true(line.endsWith('}\n'));
  t.is(line.indexOf('\n'), line.length - 1);
  const again = decodeRecord(line.slice(0, -1));
  t.deepEqual(again, record);
  // --json prints keys in this order.
  const keys = Object.keys(record.report);
  t.deepEqual(Object.keys(again!.report), keys);
  t.deepEqual(Object.keys(again!.report.sites[0]!), Object.keys(record.report.sites[0]!));
});

test('an unchanged model that is not written has no output', (t) => {
  const record = { ...sampleRecord(), output: undefined };
  t.is(decodeRecord(encodeRecord(record).trimEnd())?.output, undefined);
});

test('every torn line, and every line with a changed byte, is no record', (t) => {
  const line = encodeRecord(sampleRecord()).slice(0, -1);
  for (let length = 0; length < line.length; length += 7) {
    t.is(decodeRecord(line.slice(0, length)), undefined);
  }
  for (let at = 0; at < line.length; at += 7) {
    const other = line[at] === '1' ? '2' : '1';
    t.is(decodeRecord(line.slice(0, at) + other + line.slice(at + 1)), undefined, `at ${at}`);
  }
});

test('what is well sealed but no record is none', (t) => {
  const stored = JSON.stringify(sampleRecord(), storable);
  const { report, ...rest } = JSON.parse(stored) as Record<string, object>;
  const wrong: unknown[] = [
    null,
    [],
    1,
    'text',
    {},
    rest,
    { ...rest, report: null },
    { ...rest, report: [] },
    { ...rest, report: { ...report, sites: {} } },
    { ...rest, report: { ...report, sites: [null] } },
    { ...rest, report: { ...report, sites: [{ rule: 1 }] } },
    { ...rest, report: { ...report, status: 'failed' } },
    { ...rest, report: { ...report, before: { nodes: 'many' } } },
    { ...rest, report: { ...report, milliseconds: { read: 1 } } },
    { ...rest, report, options: '../../etc/passwd' },
    { ...rest, report, key: 7 },
    { ...rest, report, input: { sha256: 'x', data: [] } },
    { ...rest, report, output: { sha256: '0'.repeat(64), data: [{ name: 1 }] } },
    JSON.parse(`{"__proto__": ${JSON.stringify({ ...rest, report })}}`),
    JSON.parse('{"constructor": {"prototype": {"polluted": true}}}'),
  ];
  for (const record of wrong) t.is(decodeRecord(lineOf(record)), undefined, JSON.stringify(record));
  t.truthy(decodeRecord(lineOf({ ...rest, report })));
  t.is(({} as { polluted?: boolean }).polluted, undefined);
});

test('operators may have any name', (t) => {
  const record = sampleRecord();
  const ops = JSON.parse('{"__proto__": 3, "constructor": 1, "Conv": 2}') as Record<string, number>;
  const before = { ...record.report.before!, ops };
  const again = decodeRecord(
    encodeRecord({ ...record, report: { ...record.report, before } }).trimEnd(),
  );
  const found = again!.report.before!.ops;
  t.deepEqual(Object.entries(found), Object.entries(ops));
  t.is(Object.getPrototypeOf(found), Object.prototype);
});
