import { markup, type Content, type Markup } from './markup.js';

export interface Column {
  readonly title: string;
  /** right: aligned right, for numbers. wide: takes 40 % of the width. */
  readonly kind?: 'right' | 'wide';
}

/** The cells of a row. The first is its heading. */
export type Row = readonly Content[];

/** A table with a caption. The first column has the headings of the rows. */
export function table(caption: Content, columns: readonly Column[], rows: readonly Row[]): Markup {
  const kinds = columns.map(({ kind }) => (kind === undefined ? markup`` : classOf(kind)));
  const head = columns.map(({ title }, at) => markup`<th scope="col"${kinds[at]}>${title}</th>`);
  return markup`<table>
<caption>${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${rows.map((cells) => rowOf(cells, kinds))}</tbody>
</table>
`;
}

/** A table of names and values, whose two columns need no headings. */
export function facts(caption: Content, entries: readonly (readonly [string, Content])[]): Markup {
  const rows = entries.map(
    ([title, value]) => markup`<tr><th scope="row">${title}</th><td>${value}</td></tr>
`,
  );
  return markup`<table class="facts">
<caption>${caption}</caption>
<tbody>
${rows}</tbody>
</table>
`;
}

function rowOf([heading, ...cells]: Row, kinds: readonly Markup[]): Markup {
  const rest = cells.map((cell, at) => markup`<td${kinds[at + 1]}>${cell}</td>`);
  return markup`<tr><th scope="row">${heading}</th>${rest}</tr>
`;
}

function classOf(kind: string): Markup {
  return markup` class="${kind}"`;
}
