// Which nodes a plan runs as one: a convolution or matrix product with the Add of a bias or a residual,
// the activation and the numbers behind it, so that the result passes through memory once.

import { IDENTITY, type Activation } from '../backend/activation.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { hasSingleUse, onlyConsumer } from '../ir/view.js';
import type { Inference } from '../ops/infer.js';
import { isRow } from '../ops/linear.js';
import type { Operator } from '../ops/operator.js';
import { isFloatType } from '../tensor/dtype.js';
import { findActivation } from './find-activation.js';
import { findTail } from './find-tail.js';

export interface Merged {
  /** The nodes behind the host that vanish into it, in order. */
  readonly absorbed: readonly Node[];
  /** What the step produces: the last absorbed node's output. */
  readonly output: Value;
  /** A number for each column of a product, which becomes its input 2. */
  readonly bias: Value | undefined;
  readonly activation: Activation;
  readonly residual: Value | undefined;
}

/**
 * What can be merged into `host`; undefined when nothing can.
 *
 * @param isConstant whether a value is the same tensor in every run
 */
export function mergeInto(
  host: Node,
  operator: Operator,
  inference: Inference,
  taken: ReadonlySet<Node>,
  isConstant: (value: Value) => boolean,
): Merged | undefined {
  const takes = operator.takesEpilogue;
  if (takes === undefined || host.namedOutputs.length !== 1) return undefined;
  let output = host.output(0);
  const absorbed: Node[] = [];
  let bias: Value | undefined;
  let residual: Value | undefined;
  const free = (node: Node): boolean => !taken.has(node) && node.graph === host.graph;
  if (takes === 'product') {
    const columns = operator.columns?.(host, inference.inputs(host));
    const fixed = host.inputs.slice(1).every((input) => input === undefined || isConstant(input));
    // Steps of their own are faster than the loops behind a product that no backend has packed.
    if (columns === undefined || !fixed) return undefined;
    const row = host.inputs[2] === undefined ? rowBehind(output, columns, inference) : undefined;
    if (row !== undefined && free(row.node) && isConstant(row.other)) {
      absorbed.push(row.node);
      bias = row.other;
      output = row.node.output(0);
    }
  }
  const add = takes === 'activation' ? undefined : addBehind(output, inference);
  if (add !== undefined && free(add.node)) {
    absorbed.push(add.node);
    residual = add.other;
    output = add.node.output(0);
  }
  // Arithmetic is done on whole numbers too, which have no activations.
  const floats = isFloatType(inference.facts(output).type);
  const found = floats ? findActivation(output, inference, free) : undefined;
  let activation = IDENTITY;
  const one = found?.activation.slope === undefined || found.activation.slope.length === 1;
  if (found !== undefined && (one || takes === 'all')) {
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
  return absorbed.length === 0 ? undefined : { absorbed, output, bias, activation, residual };
}

/** An addition of a value that nothing else reads. */
interface Addition {
  readonly node: Node;
  readonly other: Value;
}

function additionBehind(value: Value): Addition | undefined {
  if (!hasSingleUse(value)) return undefined;
  const node = onlyConsumer(value);
  if (node === undefined || !(node.is('Add') || node.is('Sum')) || node.inputs.length !== 2) {
    return undefined;
  }
  const other = node.inputs[0] === value ? node.inputs[1] : node.inputs[0];
  return other && { node, other };
}

/** One of a number for each column, or of one for all. */
function rowBehind(value: Value, columns: number, inference: Inference): Addition | undefined {
  const found = additionBehind(value);
  // Before, a second operand may be aligned at any axis.
  if (found === undefined || found.node.opset < 8) return undefined;
  const own = inference.facts(value);
  const { type, dims } = inference.facts(found.other);
  if (own.type !== type || own.dims === undefined || dims === undefined) return undefined;
  return dims.length <= own.dims.length && isRow(dims, columns) ? found : undefined;
}

/**
 * One of another of exactly its shape. Equal symbols are not enough: files give one name to sizes that
 * differ.
 */
function addBehind(value: Value, inference: Inference): Addition | undefined {
  const found = additionBehind(value);
  if (found === undefined) return undefined;
  const own = inference.facts(value);
  const other = inference.facts(found.other);
  const same =
    own.type === other.type &&
    own.dims !== undefined &&
    own.dims.length === other.dims?.length &&
    own.dims.every((size, axis) => typeof size === 'number' && size === other.dims?.[axis]);
  return same ? found : undefined;
}
