import { createHash } from 'node:crypto';

import test from 'ava';

import type { FileReport, FuseRun } from '#convfuse/index.js';
import { page } from '#convfuse/report/page.js';
import { failedReport, fileReport, fuseRun, HOSTILE_NAMES, site } from '../helpers/report-runs.js';
import {
  allElements,
  elements,
  parseStrictly,
  textOf,
  type Element,
} from '../helpers/strict-html.js';

const htmlOf = (run: FuseRun): string => [...page(run)].join('');
const treeOf = (run: FuseRun): Element => parseStrictly(htmlOf(run));

/** Every number in a report, as JSON has it. */
function numbersIn(value: unknown): string[] {
  if (typeof value === 'number') return [String(value)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(numbersIn);
}

function tableCalled(root: Element, caption: string | RegExp): Element {
  const found = elements(root, 'table').find((table) => {
    const text = textOf(elements(table, 'caption')[0]!);
    return typeof caption === 'string' ? text === caption : caption.test(text);
  });
  if (found === undefined) throw new Error(`no table ${caption}`);
  return found;
}

/** The rows of a table, as texts. */
const rowsOf = (table: Element): string[][] =>
  elements(table, 'tr').map((row) =>
    row.children.flatMap((cell) => (typeof cell === 'string' ? [] : [textOf(cell)])),
  );

test('every number of the document is in the page, exactly', (t) => {
  const models = [fileReport(), failedReport(), fileReport({ status: 'unchanged' })];
  const values = elements(treeOf(fuseRun(models)), 'data').map((data) =>
    data.attributes.get('value'),
  );
  for (const number of numbersIn(models)) t.true(values.includes(number), number);
});

test('numbers that JSON lacks are there too, and unknown ones are said to be unknown', (t) => {
  const { before, verification } = fileReport();
  const report = fileReport({
    before: { ...before!, macs: undefined, launches: undefined, trafficBytes: undefined },
    verification: { ...verification!, relL2: NaN, maxAbs: Infinity, worst: undefined },
  });
  const root = treeOf(fuseRun([report]));
  const values = elements(root, 'data').map((data) => data.attributes.get('value'));
  t.true(values.includes('NaN') && values.includes('Infinity'));
  const rows = rowsOf(tableCalled(root, 'Before and after'));
  t.deepEqual(rows.at(-1)?.slice(0, 2), ['MACs', 'unknown']);
  t.deepEqual(rowsOf(tableCalled(root, /together/)).at(-1), [
    'MACs (of 0 models: unknown for the others)',
    '0',
    '0',
    '',
  ]);
});

test('the summary adds up what did not fail', (t) => {
  const models = [fileReport(), failedReport({ before: fileReport().before }), fileReport()];
  const root = treeOf(fuseRun(models, { found: 4, interrupted: true }));
  t.deepEqual(rowsOf(tableCalled(root, 'Summary')), [
    ['models', '4'],
    ['fused', '2'],
    ['unchanged', '0'],
    ['failed', '1'],
  ]);
  t.deepEqual(rowsOf(tableCalled(root, /together/)).slice(0, 4), [
    ['measure', 'before', 'after', 'change'],
    ['nodes', '82', '48', '-41.5 %'],
    ['parameters', '197,530', '196,000', '-0.8 %'],
    ['bytes of the file', '2,469,134', '2,400,000', '-2.8 %'],
  ]);
  t.regex(textOf(root), /The run was interrupted: 1 other was not finished\./);
  t.regex(textOf(elements(root, 'title')[0]!), /3 models: 2 fused, 1 failed/);
});

test('a failed model has its error, and a verification that failed its numbers', (t) => {
  const report = fileReport({
    status: 'failed',
    output: undefined,
    error: { code: 'ERR_VERIFICATION', message: 'the fused model differs' },
    sites: [site({ check: { error: NaN, bound: 1, samples: 3 } }), site()],
  });
  const root = treeOf(fuseRun([failedReport(), report]));
  const text = textOf(root);
  t.regex(text, /ERR_PARSE the file ends at byte 200/);
  t.regex(text, /ERR_VERIFICATION the fused model differs/);
  const [first] = elements(root, 'summary').map(textOf);
  t.regex(first!, /^check failed: fuse-batch-norm-into-conv: 1 site, largest error NaN/);
});

test('a model that an earlier run finished is marked', (t) => {
  const root = treeOf(fuseRun([fileReport({ resumed: true }), fileReport()]));
  t.deepEqual(rowsOf(tableCalled(root, 'Summary')).at(-1), ['finished by an earlier run', '1']);
  t.deepEqual(
    rowsOf(tableCalled(root, 'Models')).map((row) => row[1]),
    ['status', 'fused, by an earlier run', 'fused'],
  );
  t.deepEqual(rowsOf(tableCalled(root, /earlier run$/)).at(-1), ['write', 'not known']);
});

test('operators have bars as long as their counts', (t) => {
  const table = tableCalled(treeOf(fuseRun([fileReport()])), /^Operators/);
  t.deepEqual(
    rowsOf(table).map((row) => row.slice(0, 3)),
    [
      ['operator', 'before', 'after'],
      ['Conv', '20', '20'],
      ['BatchNormalization', '17', '0'],
      ['Relu', '4', '4'],
    ],
  );
  const widths = elements(table, 'svg').map((svg) =>
    elements(svg, 'rect').map((rect) => rect.attributes.get('width')),
  );
  t.deepEqual(widths, [
    ['100.0', '100.0'],
    ['85.0', '0.0'],
    ['20.0', '20.0'],
  ]);
});

test('thousands of sites and operators are there, behind headings that tell what they are', (t) => {
  const sites = Array.from({ length: 3000 }, (_value, index) =>
    index % 3 === 0
      ? site({ node: `bn_${index}`, verdict: 'skipped', reason: 'padding', check: undefined })
      : site({ node: `bn_${index}`, rule: `rule-${index % 2}` }),
  );
  const ops = Object.fromEntries(sites.map((_site, index) => [`Op${index}`, index + 1]));
  const report = fileReport({ sites, before: { ...fileReport().before!, ops } });
  const root = treeOf(fuseRun([report]));
  const details = elements(root, 'details');
  t.deepEqual(
    details.map((one) => [textOf(elements(one, 'summary')[0]!), one.attributes.has('open')]),
    [
      ['2982 more operators', false],
      ['fused: rule-0: 1000 sites, largest error 0.12 of its bound', false],
      ['fused: rule-1: 1000 sites, largest error 0.12 of its bound', false],
      ['skipped: padding: 1000 sites', false],
    ],
  );
  t.is(elements(details[1]!, 'tr').length, 1001);
  const few = treeOf(fuseRun([fileReport()]));
  t.true(elements(few, 'details').every((one) => one.attributes.has('open')));
});

test('names are text, whatever they are', (t) => {
  const ops = Object.fromEntries(HOSTILE_NAMES.map((name, index) => [name, index + 1]));
  const models = HOSTILE_NAMES.map((name) =>
    fileReport({
      input: name,
      output: name,
      error: { code: 'ERR_MODEL', message: name },
      before: { ...fileReport().before!, ops },
      sites: [
        site({ rule: name, node: name, into: name, detail: name }),
        site({ node: name, verdict: 'skipped', reason: name as 'pattern', detail: name }),
      ],
      verification: {
        ...fileReport().verification!,
        reason: name,
        worst: { output: name, index: 0, expected: 1, actual: 2 },
      },
    }),
  );
  const options = HOSTILE_NAMES.map((name) => ({ name, value: name }));
  const html = htmlOf(fuseRun(models, { options, version: HOSTILE_NAMES[0]! }));
  const root = parseStrictly(html);
  const harmless = allElements(parseStrictly(htmlOf(fuseRun([fileReport()]))));
  const known = new Set([...harmless.map(({ name }) => name), 'code', 'details']);
  for (const { name, attributes } of allElements(root)) {
    t.true(known.has(name), name);
    for (const attribute of attributes.keys()) t.notRegex(attribute, /^on|^style$|^src$/);
    t.regex(attributes.get('href') ?? '#', /^#/);
  }
  // Not notRegex: it would print the page.
  const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;
  t.is(unseen.exec(html.replaceAll('\n', ''))?.[0], undefined);
  t.false(html.includes('\ufffd'));
  t.true(Buffer.from(html).toString() === html, 'halves of characters');
  t.false(/\p{M}{8}/u.test(html));
  t.false(/x{400}/.test(html));
  const text = textOf(root);
  t.true(/x{75} \[\.\.\.\] x{25} \(1000000 characters\)/.test(text));
  // Those that can be shown are as they are.
  for (const name of HOSTILE_NAMES.slice(0, 9)) t.true(text.includes(name), name);
});

test('it needs nothing from elsewhere, and lets nothing in', (t) => {
  const html = htmlOf(fuseRun([fileReport(), failedReport()]));
  const root = parseStrictly(html);
  t.notRegex(html, /https?:|url\(|@import|<script|<link|<img|<iframe/);
  const [style] = elements(root, 'style');
  const hash = createHash('sha256').update(textOf(style!)).digest('base64');
  const policy = elements(root, 'meta')
    .find(({ attributes }) => attributes.get('http-equiv') === 'Content-Security-Policy')
    ?.attributes.get('content');
  t.is(policy, `default-src 'none'; style-src 'sha256-${hash}'`);
  for (const rule of ['prefers-color-scheme: dark', '@media print', 'forced-colors']) {
    t.true(html.includes(rule), rule);
  }
});

test('it can be read without seeing it', (t) => {
  const root = treeOf(fuseRun([fileReport(), failedReport()]));
  t.is(elements(root, 'html')[0]?.attributes.get('lang'), 'en');
  const tables = elements(root, 'table');
  t.true(tables.length > 8);
  for (const table of tables) {
    t.is(elements(table, 'caption').length, 1);
    for (const heading of elements(table, 'th')) {
      t.regex(heading.attributes.get('scope') ?? '', /^(row|col)$/);
      t.not(textOf(heading), '');
    }
    const widths = new Set(rowsOf(table).map((row) => row.length));
    t.is(widths.size, 1, textOf(elements(table, 'caption')[0]!));
  }
  for (const svg of elements(root, 'svg')) t.is(svg.attributes.get('aria-hidden'), 'true');
  const ids = new Set(allElements(root).map(({ attributes }) => attributes.get('id')));
  for (const link of elements(root, 'a')) t.true(ids.has(link.attributes.get('href')!.slice(1)));
  for (const { attributes } of elements(root, 'section')) {
    const label = attributes.get('aria-labelledby');
    t.true(attributes.has('aria-label') || ids.has(label));
  }
  t.deepEqual(
    ['h1', 'h2', 'h3'].map((name) => elements(root, name).length),
    [1, 3, 1],
  );
});

test('a run of no model is a page too', (t) => {
  const models: FileReport[] = [];
  const root = treeOf(fuseRun(models, { interrupted: true, found: 2 }));
  t.regex(textOf(root), /0 models.*2 others were not finished/s);
});
