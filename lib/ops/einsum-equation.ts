// The subscripts of Einsum: a label for each axis of each operand and of the result.

import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { broadcastDims } from './broadcast.js';
import { nodeError } from './schema.js';

/**
 * Labels are letters. The axes of an ellipsis have numbers, counted from the last one, since
 * ellipses of different ranks are aligned there.
 */
export interface Equation {
  readonly operands: readonly (readonly string[])[];
  readonly output: readonly string[];
}

const TERM = /^([A-Za-z]*)(\.\.\.)?([A-Za-z]*)$/;

/** The labels of an ellipsis of `axes` axes: '1', '0' for two. */
function ellipsis(axes: number): string[] {
  return Array.from({ length: axes }, (_, axis) => String(axes - 1 - axis));
}

/**
 * The labels of a term.
 *
 * @param rank of the operand; undefined for the output, whose ellipsis has `axes` axes
 */
function labelsOf(node: Node, term: string, rank: number | undefined, axes = 0): string[] {
  const parts = TERM.exec(term);
  if (parts === null)
    throw nodeError(node, 'ERR_MODEL', `the term ${JSON.stringify(term)} is malformed`);
  const [, head = '', dots, tail = ''] = parts;
  const letters = head.length + tail.length;
  const more = rank === undefined ? axes : rank - letters;
  if (dots === undefined ? rank !== undefined && more !== 0 : more < 0) {
    throw nodeError(node, 'ERR_MODEL', `the term ${term} does not fit an operand of rank ${rank}`);
  }
  return [...head, ...(dots === undefined ? [] : ellipsis(more)), ...tail];
}

/**
 * The equation of a node for operands of these ranks. Without "->" the result has the axes of the
 * ellipsis, and then those whose letter occurs once, in the order of the alphabet (numpy.einsum).
 *
 * @throws ConvfuseError ERR_MODEL
 */
export function equationOf(node: Node, ranks: readonly number[]): Equation {
  const text = node.attribute('equation', 'string')?.replaceAll(/\s/g, '');
  const [left, right, more] = text?.split('->') ?? [];
  if (left === undefined || more !== undefined) {
    throw nodeError(
      node,
      'ERR_MODEL',
      `the equation ${text === undefined ? 'is missing' : `${JSON.stringify(text)} is malformed`}`,
    );
  }
  const terms = left.split(',');
  if (terms.length !== ranks.length) {
    throw nodeError(node, 'ERR_MODEL', `${terms.length} terms for ${ranks.length} operands`);
  }
  const operands = terms.map((term, i) => labelsOf(node, term, ranks[i]));
  const all = operands.flat();
  const axes = operands.map((labels) => labels.filter(isNumber).length);
  const most = Math.max(...axes);
  const once = all.filter((label, at) => !isNumber(label) && all.indexOf(label) === at);
  const output =
    right === undefined
      ? [
          ...ellipsis(most),
          ...once.filter((label) => all.lastIndexOf(label) === all.indexOf(label)).sort(),
        ]
      : labelsOf(node, right, undefined, most);
  const lost = most > 0 && !output.some(isNumber);
  const unique = new Set(output).size === output.length;
  if (lost || !unique || !output.every((label) => all.includes(label))) {
    throw nodeError(node, 'ERR_MODEL', `the output of the equation ${text} is malformed`);
  }
  return { operands, output };
}

function isNumber(label: string): boolean {
  return /\d/.test(label);
}

/**
 * The size of each label. Axes of size 1 are broadcast, but a label that one operand has several
 * times takes its diagonal and needs equal sizes.
 *
 * @throws ConvfuseError ERR_MODEL, ERR_ARGUMENT
 */
export function sizesOf<D extends Dim>(
  node: Node,
  { operands }: Equation,
  shapes: readonly (readonly D[])[],
): ReadonlyMap<string, D> {
  const sizes = new Map<string, D>();
  operands.forEach((labels, i) => {
    const own = new Map<string, D>();
    labels.forEach((label, axis) => {
      const size = shapes[i]![axis]!;
      const before = own.get(label);
      if (typeof size === 'number' && typeof before === 'number' && size !== before) {
        throw nodeError(
          node,
          'ERR_MODEL',
          `the axes ${label} of one operand differ: ${before} and ${size}`,
        );
      }
      own.set(label, typeof before === 'number' ? before : size);
    });
    for (const [label, size] of own) {
      const known = sizes.has(label) ? broadcastDims([sizes.get(label)], [size])[0] : size;
      sizes.set(label, known as D);
    }
  });
  return sizes;
}
