// Which nodes a plan runs as one: a convolution or matrix product with the Add of a residual, the
// activation and the numbers behind it, so that the result passes through memory once.

import { IDENTITY, type Activation } from '../backend/activation.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { hasSingleUse, onlyConsumer } from '../ir/view.js';
import type { Inference } from '../ops/infer.js';
import type { Operator } from '../ops/operator.js';
import { isFloatType } from '../tensor/dtype.js';
import { findActivation } from './find-activation.js';
import { findTail } from './find-tail.js';

export interface Merged {
  /** The nodes behind the host that vanish into it, in order. */
  readonly absorbed: readonly Node[];
  /** What the step produces: the last absorbed node's output. */
  readonly output: Value;
  readonly activation: Activation;
  readonly residual: Value | undefined;
}

/** What can be merged into `host`; undefined when nothing can. */
export function mergeInto(
  host: Node,
  operator: Operator,
  inference: Inference,
  taken: ReadonlySet<Node>,
): Merged | undefined {
  if (operator.takesEpilogue === undefined || host.namedOutputs.length !== 1) return undefined;
  let output = host.output(0);
  const absorbed: Node[] = [];
  let residual: Value | undefined;
  const free = (node: Node): boolean => !taken.has(node) && node.graph === host.graph;
  const add = operator.takesEpilogue === 'all' ? addBehind(output, inference) : undefined;
  if (add !== undefined && free(add.node)) {
    absorbed.push(add.node);
    residual = add.residual;
    output = add.node.output(0);
  }
  // Arithmetic is done on whole numbers too, which have no activations.
  const floats = isFloatType(inference.facts(output).type);
  const found = floats ? findActivation(output, inference, free) : undefined;
  let activation = IDENTITY;
  const one = found?.activation.slope === undefined || found.activation.slope.length === 1;
  if (found !== undefined && (one || operator.takesEpilogue === 'all')) {
    absorbed.push(...found.nodes);
    activation = found.activation;
    output = found.nodes.at(-1)!.output(0);
  }
  const behind = findTail(output, inference, free);
  if (behind !== undefined) {
    absorbed.push(...behind.nodes);
    activation = { ...activation, tail: behind.tail };
    output = behind.nodes.at(-1)!.output(0);
  }
  return absorbed.length === 0 ? undefined : { absorbed, output, activation, residual };
}

/**
 * An Add, or a Sum of two, of the value and another of exactly its shape. Equal symbols are not
 * enough: files give one name to sizes that differ.
 */
function addBehind(
  value: Value,
  inference: Inference,
): { readonly node: Node; readonly residual: Value } | undefined {
  if (!hasSingleUse(value)) return undefined;
  const node = onlyConsumer(value);
  if (node === undefined || !(node.is('Add') || node.is('Sum')) || node.inputs.length !== 2) {
    return undefined;
  }
  const residual = node.inputs[0] === value ? node.inputs[1] : node.inputs[0];
  if (residual === undefined) return undefined;
  const own = inference.facts(value);
  const other = inference.facts(residual);
  const same =
    own.type === other.type &&
    own.dims !== undefined &&
    own.dims.length === other.dims?.length &&
    own.dims.every((size, axis) => typeof size === 'number' && size === other.dims?.[axis]);
  return same ? { node, residual } : undefined;
}
