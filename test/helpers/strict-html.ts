// A reader of HTML that is stricter than any browser: every tag is closed in its turn, every attribute
// quoted, every reference a known one.

export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: (Element | string)[];
}

const NAME = '[A-Za-z][A-Za-z0-9-]*';
const TAG = new RegExp(`^<(${NAME})((?: ${NAME}="[^"<]*")*)(/?)>$`);
const REFERENCES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

/** The tree of a page. @throws Error that says what is wrong, and where */
export function parseStrictly(page: string): Element {
  const root: Element = { name: '#document', attributes: new Map(), children: [] };
  const open = [root];
  const ids = new Set<string>();
  const start = '<!DOCTYPE html>\n';
  if (!page.startsWith(start)) throw new Error('it does not begin with <!DOCTYPE html>');
  for (let at = start.length; at < page.length;) {
    const parent = open.at(-1)!;
    if (page[at] !== '<') {
      const end = page.indexOf('<', at) < 0 ? page.length : page.indexOf('<', at);
      parent.children.push(decode(page.slice(at, end)));
      at = end;
      continue;
    }
    const end = page.startsWith('<!--', at)
      ? page.indexOf('-->', at) + 3
      : page.indexOf('>', at) + 1;
    if (end < at + 3) throw new Error(`no end of ${page.slice(at, at + 40)}`);
    const tag = page.slice(at, end);
    at = end;
    if (tag.startsWith('<!--')) continue;
    if (tag.startsWith('</')) {
      if (tag !== `</${parent.name}>`) throw new Error(`${tag} closes <${parent.name}>`);
      open.pop();
      continue;
    }
    const element = elementOf(tag, ids);
    parent.children.push(element);
    if (tag.endsWith('/>')) continue;
    open.push(element);
    // Its content is text up to the first end tag, whatever stands there.
    if (element.name !== 'style' && element.name !== 'script') continue;
    const rawEnd = page.indexOf('</', at);
    element.children.push(page.slice(at, rawEnd));
    at = rawEnd;
  }
  if (open.length > 1) throw new Error(`<${open.at(-1)!.name}> is never closed`);
  return root;
}

function elementOf(tag: string, ids: Set<string>): Element {
  const found = TAG.exec(tag);
  if (found === null) throw new Error(`malformed: ${tag}`);
  const attributes = new Map<string, string>();
  for (const [, name, value] of found[2]!.matchAll(new RegExp(` (${NAME})="([^"]*)"`, 'g'))) {
    if (attributes.has(name!)) throw new Error(`${name} twice in ${tag}`);
    attributes.set(name!, decode(value!));
  }
  const id = attributes.get('id');
  if (id !== undefined && ids.has(id)) throw new Error(`id ${id} twice`);
  if (id !== undefined) ids.add(id);
  return { name: found[1]!, attributes, children: [] };
}

function decode(text: string): string {
  return text.replace(/&[^;]{0,10};?/g, (reference) => {
    const character = REFERENCES[reference];
    if (character === undefined) throw new Error(`unknown reference ${reference}`);
    return character;
  });
}

/** All elements of a name, in their order. */
export function elements(root: Element, name: string): Element[] {
  return root.children.flatMap((child) => {
    if (typeof child === 'string') return [];
    return [...(child.name === name ? [child] : []), ...elements(child, name)];
  });
}

/** Every element below. */
export function allElements(root: Element): Element[] {
  return root.children.flatMap((child) =>
    typeof child === 'string' ? [] : [child, ...allElements(child)],
  );
}

/** What a reader sees of it. */
export function textOf(element: Element): string {
  return element.children
    .map((child) => (typeof child === 'string' ? child : textOf(child)))
    .join('');
}
