/** Text that is HTML already. Only the tag markup`...` makes it, so no text gets into a page unescaped. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Content = string | Markup | readonly Markup[] | undefined;

/**
 * Makes HTML from a template. Strings among the values may come from hostile models: they are escaped,
 * so that they can stand between tags and in quoted attributes, and their invisible characters are
 * spelt out. undefined becomes an empty text.
 */
export function markup(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let text = parts[0]!;
  values.forEach((value, index) => {
    text += contentText(value) + parts[index + 1]!;
  });
  return new Markup(text);
}

function contentText(value: Content): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return escapeText(visible(value));
  return value instanceof Markup ? value.text : value.map(({ text }) => text).join('');
}

/**
 * Characters that a page cannot show, or that change how the text beside them is shown: controls, line
 * ends, direction marks, characters without width, lone surrogates, private and unassigned ones.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** More combining marks in a row than any script uses. They would cover the lines above and below. */
const HEAPED = /\p{M}{8,}/gu;

/** Replaces such characters by escape sequences, such as \u001b. */
function visible(text: string): string {
  return text
    .replace(HEAPED, (marks) => Array.from(marks, escapeSequence).join(''))
    .replace(UNSEEN, escapeSequence);
}

function escapeSequence(character: string): string {
  const code = character.codePointAt(0)!.toString(16);
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** The longest name that is shown in full. Names that tools generate are shorter. */
const NAME_CHARACTERS = 100;
/** The longest sentence or path that is shown in full. It may contain several names. */
const SENTENCE_CHARACTERS = 500;

/** A name from a model. The middle of a very long one is left out. */
export function name(text: string): string {
  return text === '' ? '(no name)' : shortened(text, NAME_CHARACTERS);
}

/** A sentence with names in it, or a path, shortened in the same way. */
export function sentence(text: string): string {
  return shortened(text, SENTENCE_CHARACTERS);
}

function shortened(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const length = Math.floor(limit / 4);
  // A cut may separate the halves of a surrogate pair. Both are then left out with the middle.
  const head = text.slice(0, limit - length).replace(/[\ud800-\udbff]$/, '');
  const tail = text.slice(-length).replace(/^[\udc00-\udfff]/, '');
  return `${head} [...] ${tail} (${text.length} characters)`;
}
