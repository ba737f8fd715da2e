import { isOverridable, constantOfValue } from '../ir/view.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { isFloatType } from '../tensor/dtype.js';
import type { Condition, Refusal } from './rule.js';

// Guards shared by rules. They use only the fields that every match has; guards of a single rule
// stand beside it in rules/.

export const singleConsumer: Condition = {
  name: 'single-consumer',
  doc: 'Nothing else reads a value that vanishes, here or in a nested graph.',
  check: ({ vanishing }) =>
    firstRefusal(vanishing, (value) => {
      const count = value.useCount;
      if (count <= 1) return undefined;
      return { reason: 'multi-consumer', detail: `${outputOf(value)} has ${count} consumers` };
    }),
};

export const notGraphOutput: Condition = {
  name: 'not-graph-output',
  doc: 'No value that vanishes is an output of its graph.',
  check: ({ vanishing }) =>
    firstRefusal(vanishing, (value) => {
      if (!value.isOutput) return undefined;
      const whose = value.graph.kind === 'main' ? 'the model' : 'a nested graph';
      return { reason: 'graph-output', detail: `${outputOf(value)} is an output of ${whose}` };
    }),
};

export const notPinned: Condition = {
  name: 'not-pinned',
  doc: 'Nothing outside the node list (training information, annotations, ...) names what changes.',
  check: ({ nodes, vanishing, parameters }) =>
    firstRefusal([...nodes, ...vanishing, ...parameters], (bound) => {
      if (bound.pinned === undefined) return undefined;
      const name = 'opType' in bound ? bound.label : bound.name;
      return { reason: 'pinned', detail: `${name} is named outside the nodes: ${bound.pinned}` };
    }),
};

export const sameGraph: Condition = {
  name: 'same-graph',
  doc: 'All nodes are in one graph: a nested graph may run many times, or never.',
  check: ({ nodes, into }) =>
    firstRefusal(nodes, (node) => {
      if (node.graph === into.graph) return undefined;
      return { reason: 'pattern', detail: `${into.label} and ${node.label} are in two graphs` };
    }),
};

export const notOverridable: Condition = {
  name: 'not-overridable',
  doc: 'No parameter is an initializer that is also an input, which a caller may override.',
  check: ({ parameters }) =>
    firstRefusal(parameters, (value) => {
      const source = behindIdentity(value);
      if (!isOverridable(source)) return undefined;
      const hint =
        source.graph.kind === 'main' ? '; --constant-initializers makes it a constant' : '';
      const detail = `${source.name} is also a graph input, so a caller may override it${hint}`;
      return { reason: 'overridable-input', detail };
    }),
};

export const constantParameters: Condition = {
  name: 'constant-parameters',
  doc: 'Every parameter is an initializer or comes from a Constant node.',
  check: ({ parameters }) =>
    firstRefusal(parameters, (value) => {
      if (constantOfValue(value) !== undefined) return undefined;
      const source = behindIdentity(value);
      const origin =
        source.producer === undefined
          ? 'is an input of the graph'
          : `is computed by ${nodeText(source.producer)}`;
      const reason = isQuantizer(source.producer) ? 'quantized' : 'not-constant';
      return { reason, detail: `${value.name} ${origin}` };
    }),
};

export const oneFloatType: Condition = {
  name: 'one-float-type',
  doc: 'All parameters have the same floating-point type.',
  check: ({ parameters }) => {
    const [first] = parameters;
    const type = constantOfValue(first)?.type;
    return firstRefusal(parameters, (value) => {
      const other = constantOfValue(value)?.type;
      if (isFloatType(other) && other === type) return undefined;
      const detail =
        value === first || !isFloatType(other)
          ? `${value.name} is ${other ?? 'of an unknown type'}`
          : `${first!.name} is ${type} and ${value.name} is ${other}`;
      return { reason: 'dtype', detail };
    });
  },
};

export const defaultDomain: Condition = {
  name: 'default-domain',
  doc: 'Every node is the operator that ONNX defines, not one of a custom domain or a function.',
  check: ({ nodes }) =>
    firstRefusal(nodes, (node) => {
      if (node.is(node.opType)) return undefined;
      return { reason: 'custom-op', detail: customText(node) };
    }),
};

export const noExtraOutputs: Condition = {
  name: 'no-extra-outputs',
  doc: 'No node has a named output beyond its first.',
  check: ({ nodes }) =>
    firstRefusal(nodes, (node) => {
      const extra = node.outputs.slice(1).find((value) => value !== undefined);
      if (extra === undefined) return undefined;
      return {
        reason: 'extra-outputs',
        detail: `${node.label} has the extra output ${extra.name}`,
      };
    }),
};

/**
 * Batch norms use stored statistics: training_mode is 0 (from opset 14 on), no statistics are
 * returned (which is how opsets 7 to 13 ask for training), is_test is 1 (before opset 7), and the
 * parameters are per channel (spatial is 1, before opset 9).
 */
export const inferenceMode: Condition = {
  name: 'inference-mode',
  doc: 'Batch norms use stored statistics, one per channel, and output none.',
  check: ({ nodes }) =>
    firstRefusal(nodes, (node) =>
      node.opType === 'BatchNormalization' ? trainingRefusal(node) : undefined,
    ),
};

function trainingRefusal(node: Node): Refusal | undefined {
  const { label, opset } = node;
  const flag = (name: string, otherwise: number): number => {
    const attribute = node.attributes.get(name);
    // The value of a reference or of another kind is unknown, so it counts as wrong.
    return attribute === undefined ? otherwise : attribute.kind === 'int' ? attribute.value : NaN;
  };
  if (opset >= 14 && flag('training_mode', 0) !== 0) {
    return { reason: 'training-mode', detail: `${label} has training_mode set` };
  }
  if (opset < 7 && flag('is_test', 0) !== 1) {
    return { reason: 'training-mode', detail: `${label} has no is_test = 1 in opset ${opset}` };
  }
  if (opset < 9 && flag('spatial', 1) !== 1) {
    return { reason: 'opset', detail: `${label} has spatial = 0: statistics per element` };
  }
  return undefined;
}

/** The first refusal that a check of the items returns. */
export function firstRefusal<T>(
  items: readonly T[],
  check: (item: T) => Refusal | undefined,
): Refusal | undefined {
  for (const item of items) {
    const refusal = check(item);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** "output of conv_7", or the value's name where no node makes it. */
export function outputOf(value: Value): string {
  return value.producer === undefined ? value.name : `output of ${value.producer.label}`;
}

/** "Relu relu_3", with the domain where it is not the default one. */
export function nodeText(node: Node): string {
  const operator = node.domain === '' ? node.opType : `${node.domain}.${node.opType}`;
  return `${operator} ${node.label}`;
}

/** Says why a node that looks like a standard operator is not one. */
export function customText(node: Node): string {
  return node.domain === '' && node.overload === ''
    ? `${nodeText(node)} is a function of the model`
    : `${nodeText(node)} is not of the default domain`;
}

const QUANTIZERS = new Set([
  'QuantizeLinear',
  'DequantizeLinear',
  'DynamicQuantizeLinear',
  'QLinearConv',
  'QLinearMatMul',
  'ConvInteger',
  'MatMulInteger',
]);

/** Whether a node belongs to quantised arithmetic, in any domain. */
export function isQuantizer(node: Node | undefined): boolean {
  return node !== undefined && (QUANTIZERS.has(node.opType) || node.opType.startsWith('QLinear'));
}

function behindIdentity(value: Value): Value {
  let source = value;
  while (source.producer?.is('Identity') === true) source = source.producer.input(0);
  return source;
}
