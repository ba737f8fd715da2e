import test from 'ava';

import { markup, name, sentence } from '#convfuse/report/markup.js';

test('texts are escaped, markup is not, and nothing is nothing', (t) => {
  const inner = markup`<b>${'<i>'}</b>`;
  t.is(
    markup`<p title="${'"a"'}">${inner}${undefined}${[inner, inner]}</p>`.text,
    '<p title="&quot;a&quot;"><b>&lt;i&gt;</b><b>&lt;i&gt;</b><b>&lt;i&gt;</b></p>',
  );
  t.is(markup`${`&<>"'`}`.text, '&amp;&lt;&gt;&quot;&#39;');
});

test('what cannot be seen is written out', (t) => {
  t.is(
    markup`${'a\u0000\n\u001b\u202e\u2028\ufeff'}`.text,
    'a\\u0000\\u000a\\u001b\\u202e\\u2028\\ufeff',
  );
  t.is(markup`${'\ud800 \u{e0041} \u{1fffe}'}`.text, '\\ud800 \\u{e0041} \\u{1fffe}');
  t.is(
    markup`${'caf\u00e9 \u4e2d\u6587 \u{1f600} e\u0301'}`.text,
    'caf\u00e9 \u4e2d\u6587 \u{1f600} e\u0301',
  );
  t.is(markup`${`e${'\u0301'.repeat(8)}`}`.text, `e${'\\u0301'.repeat(8)}`);
});

test('long names lose their middle, and say how long they are', (t) => {
  t.is(name('a'.repeat(100)), 'a'.repeat(100));
  const long = name(`${'a'.repeat(80)}${'b'.repeat(80)}`);
  t.is(long, `${'a'.repeat(75)} [...] ${'b'.repeat(25)} (160 characters)`);
  t.is(sentence('a'.repeat(500)), 'a'.repeat(500));
  t.is(sentence('a'.repeat(501)).length, 500 + ' [...] '.length + ' (501 characters)'.length);
});
