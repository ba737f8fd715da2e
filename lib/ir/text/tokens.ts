import { ConvfuseError } from '../../errors.js';

export type TokenKind = 'word' | 'string' | 'number' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Unquoted for strings. */
  readonly text: string;
  readonly line: number;
  /** Whether it is the first token of its line, where `[` starts a node name and not dimensions. */
  readonly first: boolean;
}

const PATTERN =
  /(?<blank>[ \t\r]+|#[^\n]*)|(?<newline>\n)|(?<string>"(?:[^"\\\n]|\\.)*")|(?<number>[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|inf\b|nan\b))|(?<word>[A-Za-z_][\w./]*)|(?<symbol>[<>()[\]{}=,:;@?])/y;

/** Whether a name can stand unquoted. */
export function isPlainName(name: string): boolean {
  return /^[A-Za-z_][\w./]*$/.test(name) && name !== 'inf' && name !== 'nan' && name !== 'function';
}

/** A stream of tokens with lookahead. */
export class Tokens {
  readonly #tokens: readonly Token[];
  #at = 0;

  /** @throws ConvfuseError ERR_ARGUMENT at the first character that starts no token */
  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!;
  }

  next(): Token {
    const token = this.peek();
    this.#at += 1;
    return token;
  }

  /** Whether the next token is this symbol or word. */
  sees(text: string): boolean {
    const token = this.peek();
    return token.text === text && (token.kind === 'symbol' || token.kind === 'word');
  }

  /** Takes the next token if it is this symbol or word. */
  accepts(text: string): boolean {
    const found = this.sees(text);
    if (found) this.#at += 1;
    return found;
  }

  expect(text: string): void {
    if (!this.accepts(text)) throw this.error(`"${text}"`);
  }

  take(kind: TokenKind, what: string): string {
    if (this.peek().kind !== kind) throw this.error(what);
    return this.next().text;
  }

  /** A plain or quoted name. */
  name(): string {
    const { kind } = this.peek();
    if (kind !== 'word' && kind !== 'string') throw this.error('a name');
    return this.next().text;
  }

  /** Items between two symbols, separated by commas. */
  list<T>(open: string, close: string, item: () => T): T[] {
    const items: T[] = [];
    this.expect(open);
    while (!this.accepts(close)) {
      if (items.length > 0) this.expect(',');
      items.push(item());
    }
    return items;
  }

  error(expected: string): ConvfuseError {
    const { kind, text, line } = this.peek();
    const received = kind === 'end' ? 'the end' : JSON.stringify(text);
    return new ConvfuseError(
      'ERR_ARGUMENT',
      `expected ${expected} for line ${line} of the text, received ${received}`,
    );
  }
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let first = true;
  let index = 0;
  while (index < text.length) {
    PATTERN.lastIndex = index;
    const match = PATTERN.exec(text);
    if (match === null) {
      const received = JSON.stringify(text.slice(index, index + 10));
      throw new ConvfuseError(
        'ERR_ARGUMENT',
        `expected a token for line ${line} of the text, received ${received}`,
      );
    }
    index = PATTERN.lastIndex;
    const groups = match.groups!;
    if (groups['newline'] !== undefined) {
      line += 1;
      first = true;
    } else if (groups['blank'] === undefined) {
      const kind = (['string', 'number', 'word', 'symbol'] as const).find(
        (name) => groups[name] !== undefined,
      )!;
      const raw = match[0];
      const content = kind === 'string' ? (JSON.parse(raw) as string) : raw;
      tokens.push({ kind, text: content, line, first });
      first = false;
    }
  }
  tokens.push({ kind: 'end', text: '', line, first: true });
  return tokens;
}
