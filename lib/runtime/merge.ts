// Decides which nodes a plan runs as one step: a convolution or matrix product with the Add of a
// bias or a residual, the activation and the scalar arithmetic behind it, so that the result passes
// through memory once.

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
  /** The nodes behind the host that become part of its step, in order. */
  readonly absorbed: readonly Node[];
  /** The output of the step: that of the last absorbed node. */
  readonly output: Value;
  /** One number for each column of a product. It becomes the step's input 2. */
  readonly bias: Value | undefined;
  readonly activation: Activation;
  readonly residual: Value | undefined;
}

/**
 * The nodes that can be merged into `host`; undefined when there are none.
 *
 * @param taken nodes that are part of other steps already
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
    // Without a packed constant matrix, separate steps are faster than the loops behind a product.
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
  // Integer products take an Add, but integers have no activations.
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

/** An Add of two operands whose first one nothing else reads. */
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

/** The Add of one number for each column, or of one number for all. */
function rowBehind(value: Value, columns: number, inference: Inference): Addition | undefined {
  const found = additionBehind(value);
  // Add broadcasts by the present rules from opset 7 on, Sum from 8 on.
  if (found === undefined || found.node.opset < 8) return undefined;
  const own = inference.facts(value);
  const { type, dims } = inference.facts(found.other);
  if (own.type !== type || own.dims === undefined || dims === undefined) return undefined;
  return dims.length <= own.dims.length && isRow(dims, columns) ? found : undefined;
}

/**
 * The Add of a value of exactly the same, known shape. Equal symbolic sizes are not enough: files
 * give one name to sizes that differ.
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
