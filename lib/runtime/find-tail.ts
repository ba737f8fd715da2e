// Finds the arithmetic that files put behind an activation: learned factors (PP-LCNet's affine
// blocks) and limits, each one number for all elements.

import { NO_TAIL, type ActivationTail } from '../backend/activation.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { hasSingleUse, onlyConsumer } from '../ir/view.js';
import { activationOf } from '../ops/activation-of.js';
import { constantNumbers } from '../ops/facts.js';
import type { Inference } from '../ops/infer.js';
import { isFloatType } from '../tensor/dtype.js';

export interface FoundTail {
  /** The nodes that the tail replaces, in order; the output of the last is its result. */
  readonly nodes: readonly Node[];
  readonly tail: ActivationTail;
}

/**
 * Bounds of the factor: below, float32 is subnormal and loses digits; above, it is near its
 * infinity.
 */
const SMALLEST = 2 ** -126;
const LARGEST = 2 ** 127;

/**
 * Additions of and multiplications by one number, then limits, behind `value`. Nothing else may
 * read `value` or the values in between.
 *
 * @param free whether a node may be taken
 */
export function findTail(
  value: Value,
  inference: Inference,
  free: (node: Node) => boolean,
): FoundTail | undefined {
  const { type, dims } = inference.facts(value);
  if (type === undefined || !isFloatType(type)) return undefined;
  const nodes: Node[] = [];
  let tail = NO_TAIL;
  for (let last = value; ; last = nodes.at(-1)!.output(0)) {
    const node = hasSingleUse(last) ? onlyConsumer(last) : undefined;
    if (node?.outputs.length !== 1 || !free(node)) break;
    const next = extended(tail, node, last, inference, dims?.length ?? 0);
    if (next === undefined) break;
    tail = next;
    nodes.push(node);
  }
  return nodes.length === 0 ? undefined : { nodes, tail };
}

/** The tail extended by one node; undefined where the node does not fit into a tail. */
function extended(
  tail: ActivationTail,
  node: Node,
  value: Value,
  inference: Inference,
  rank: number,
): ActivationTail | undefined {
  const limits = limitsOf(node, value, inference, rank);
  if (limits !== undefined) return limited(tail, limits);
  if (tail.low !== -Infinity || tail.high !== Infinity) return undefined;
  const number = otherNumber(node, value, inference, rank);
  if (number === undefined) return undefined;
  const first = node.inputs[0] === value;
  const { scale, shift } = tail;
  switch (node.opType) {
    case 'Add':
    case 'Sum':
      return affine(scale, shift + number);
    case 'Sub':
      return first ? affine(scale, shift - number) : affine(-scale, number - shift);
    case 'Mul':
      return multiplied(tail, number);
    case 'Div':
      return first ? multiplied(tail, 1 / number) : undefined;
    default:
      return undefined;
  }
}

function multiplied({ scale, shift }: ActivationTail, by: number): ActivationTail | undefined {
  // A shift of -0 means no addition so far. It is kept as it is, since adding -0 keeps a result of
  // -0.
  return affine(scale * by, Object.is(shift, -0) ? shift : shift * by);
}

function affine(scale: number, shift: number): ActivationTail | undefined {
  const size = Math.abs(scale);
  const kept = size >= SMALLEST && size < LARGEST && Math.abs(shift) < LARGEST;
  return kept ? { ...NO_TAIL, scale, shift } : undefined;
}

/**
 * Combines two pairs of limits: min(max(min(max(y, low), high), l), h) = min(max(y, max(low, l)),
 * min(max(high, l), h)).
 */
function limited(tail: ActivationTail, [low, high]: readonly [number, number]): ActivationTail {
  const raised = Math.max(tail.high, low);
  return { ...tail, low: Math.max(tail.low, low), high: Math.min(raised, high) };
}

/**
 * The limits that a node sets to `value`: Clip and its kin to their first input, Max and Min to
 * either.
 */
function limitsOf(
  node: Node,
  value: Value,
  inference: Inference,
  rank: number,
): readonly [number, number] | undefined {
  if (node.is('Max') || node.is('Min')) {
    const number = otherNumber(node, value, inference, rank);
    if (number === undefined) return undefined;
    return node.opType === 'Max' ? [number, Infinity] : [-Infinity, number];
  }
  if (node.inputs[0] !== value) return undefined;
  const activation = activationOf(node);
  switch (activation?.kind) {
    case 'relu':
      return [0, Infinity];
    case 'relu6':
      return [0, 6];
    case 'clip':
      return [activation.alpha, activation.beta];
    default:
      return undefined;
  }
}

/**
 * The constant of one element that a node of two inputs combines with `value` without extending its
 * shape.
 */
function otherNumber(
  node: Node,
  value: Value,
  inference: Inference,
  rank: number,
): number | undefined {
  if (!node.is(node.opType) || node.inputs.length !== 2) return undefined;
  const other = node.inputs[node.inputs[0] === value ? 1 : 0];
  if (other === undefined || other === value) return undefined;
  const facts = inference.facts(other);
  const numbers = constantNumbers(facts);
  const alone = numbers?.length === 1 && facts.dims!.length <= rank;
  return alone && !Number.isNaN(numbers[0]!) ? numbers[0] : undefined;
}
