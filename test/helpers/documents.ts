// Code blocks and commands of the documentation, for tests that run them.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

export function document(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

/** The contents of the fenced blocks in these languages, in order. */
export function blocksOf(markdown: string, ...languages: readonly string[]): string[] {
  const blocks = [...markdown.matchAll(/^```(\w*)\n(.*?)^```$/gms)];
  return blocks.filter(([, language]) => languages.includes(language!)).map(([, , code]) => code!);
}

/** The lines of a block, or of commands in a sentence, without comments and prompts. */
export function commandsOf(block: string): string[] {
  return block
    .split('\n')
    .map((line) =>
      line
        .replace(/\s+#.*$/, '')
        .replace(/^\$ /, '')
        .trim(),
    )
    .filter((line) => line !== '');
}

/** Every `npm run NAME` and `npm test` in a text, wherever it stands. */
export function scriptsNamedIn(markdown: string): string[] {
  const named = [...markdown.matchAll(/\bnpm run ([\w:]+)/g)].map(([, name]) => name!);
  return /\bnpm test\b/.test(markdown) ? [...named, 'test'] : named;
}
