/**
 * The fields of an object from a file that anyone may have written. Only own properties of the object are
 * read, so that names such as `__proto__` and `constructor` reach nothing else. A field of another type
 * than asked for throws.
 */
export class StoredFields {
  readonly #own: ReadonlyMap<string, unknown>;

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw malformed('an object', value);
    }
    this.#own = new Map(Object.entries(value));
  }

  has(name: string): boolean {
    return this.#own.has(name);
  }

  text(name: string): string {
    const value = this.#own.get(name);
    if (typeof value !== 'string') throw malformed('a text', name);
    return value;
  }

  /** SHA-256 in hexadecimal. */
  hash(name: string): string {
    const value = this.text(name);
    if (!/^[0-9a-f]{64}$/.test(value)) throw malformed('a hash', name);
    return value;
  }

  /** A number. NaN and infinities, which JSON lacks, are stored by name. */
  number(name: string): number {
    const value = this.#own.get(name);
    if (typeof value === 'number') return value;
    if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
    throw malformed('a number', name);
  }

  choice<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.text(name);
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw malformed(choices.join(' or '), name);
    return found;
  }

  fields(name: string): StoredFields {
    return new StoredFields(this.#own.get(name));
  }

  list<T>(name: string, read: (fields: StoredFields) => T): T[] {
    const value = this.#own.get(name);
    if (!Array.isArray(value)) throw malformed('an array', name);
    return value.map((item) => read(new StoredFields(item)));
  }

  /** An object of numbers, with any keys. */
  counts(name: string): Record<string, number> {
    const fields = this.fields(name);
    return Object.fromEntries([...fields.#own.keys()].map((key) => [key, fields.number(key)]));
  }

  optionalText(name: string): string | undefined {
    return this.optional(name, (key) => this.text(key));
  }

  optionalNumber(name: string): number | undefined {
    return this.optional(name, (key) => this.number(key));
  }

  /** The result of `read`, or undefined if there is no such field. */
  optional<T>(name: string, read: (name: string) => T): T | undefined {
    return this.has(name) ? read(name) : undefined;
  }
}

/** A replacer for JSON.stringify(): stores NaN and infinities by name, as StoredFields reads them. */
export function storable(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

function malformed(expected: string, what: unknown): TypeError {
  return new TypeError(`expected ${expected}, received ${typeof what}`);
}
