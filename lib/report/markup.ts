/** Text that is HTML already. Only markup`...` makes it, so that nothing gets by unescaped. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Content = string | Markup | readonly Markup[] | undefined;

/**
 * HTML with values in it. Texts are made visible and escaped, which serves between tags and in quoted
 * attributes alike: names in models are anybody's. undefined is nothing.
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
 * What a page cannot show, or what would change how the text beside it is shown: controls, line ends,
 * marks that turn writing around or take no room, halves of characters, characters without a meaning.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** Marks on one letter, more than any writing has: they would cover the lines around. */
const HEAPED = /\p{M}{8,}/gu;

/** Writes them as \u001b and the like. */
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

/** Of a name: what is longer than any that a tool gives. */
const NAME_CHARACTERS = 100;
/** Of a sentence or a path, which may have several names in it. */
const SENTENCE_CHARACTERS = 500;

/** A name out of a model, with its middle left out where it is very long. */
export function name(text: string): string {
  return text === '' ? '(no name)' : shortened(text, NAME_CHARACTERS);
}

/** A sentence with names in it, or a path. */
export function sentence(text: string): string {
  return shortened(text, SENTENCE_CHARACTERS);
}

function shortened(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const length = Math.floor(limit / 4);
  // A cut may go between the halves of a character: they go with the middle.
  const head = text.slice(0, limit - length).replace(/[\ud800-\udbff]$/, '');
  const tail = text.slice(-length).replace(/^[\udc00-\udfff]/, '');
  return `${head} [...] ${tail} (${text.length} characters)`;
}
