import test from 'ava';

import { rules } from '#convfuse/index.js';
import { cli } from '../../helpers/cli.js';

test('prints formula, conditions and example of every rule', async (t) => {
  const { code, stdout, stderr } = await cli(['rules']);
  t.is(code, 0);
  t.is(stderr, '');
  for (const { name, doc, conditions } of rules) {
    t.true(stdout.includes(`${name}  (`), name);
    t.true(stdout.includes(doc), name);
    for (const condition of conditions) t.true(stdout.includes(condition.name), name);
  }
});

test('--json has the whole table, in order', async (t) => {
  const { code, stdout } = await cli(['rules', '--json']);
  t.is(code, 0);
  const document = JSON.parse(stdout) as {
    schema: number;
    rules: { name: string; conditions: { name: string; doc: string }[]; example: object }[];
  };
  t.is(document.schema, 1);
  t.deepEqual(
    document.rules.map(({ name }) => name),
    rules.map(({ name }) => name),
  );
  for (const rule of document.rules) {
    t.deepEqual(Object.keys(rule.example), ['before', 'after'], rule.name);
  }
});
