import type { FileReport } from '../api/report.js';
import { markup, name, sentence, type Content, type Markup } from './markup.js';
import { count, element, milliseconds, small } from './numbers.js';
import { facts } from './table.js';

/** How the whole models were compared, and with which result. */
export function verification({ verification: found }: FileReport): Markup | undefined {
  if (found === undefined) return undefined;
  const { status, reason, runs, seed, maxAbs, relL2, worst } = found;
  const entries: (readonly [string, Content])[] = [
    ['status', markup`<span class="${status}">${status}</span>`],
    ['runs', count(runs)],
    ['seed', markup`<data value="${String(seed)}">${String(seed)}</data>`],
  ];
  if (reason !== undefined) entries.push(['reason', sentence(reason)]);
  if (relL2 !== undefined) entries.push(['relative L2 error', small(relL2)]);
  if (maxAbs !== undefined) entries.push(['largest difference', small(maxAbs)]);
  if (worst !== undefined) {
    const { output, index, expected, actual } = worst;
    const values = markup`expected ${element(expected)}, computed ${element(actual)}`;
    entries.push(['worst element', markup`${name(output)}, element ${count(index)}: ${values}`]);
  }
  return facts('Original against fused, as whole models', entries);
}

/** How long each phase took. */
export function times({ milliseconds: taken, resumed }: FileReport): Markup {
  const caption = resumed === true ? 'Times, of the earlier run' : 'Times';
  return facts(
    caption,
    // A journal record is made before its output is written, so it lacks the time of writing.
    Object.entries(taken).map(([phase, time]) => [
      phase,
      resumed === true && phase === 'write' ? 'not known' : milliseconds(time),
    ]),
  );
}
