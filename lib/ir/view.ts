import type { Constant } from './constant.js';
import { internal } from './edit-guards.js';
import type { Graph } from './graph.js';
import type { Node } from './node.js';
import type { Value } from './value.js';

// Read-only queries about graphs, nodes and values, shared by all folders above.

/** The inputs that a run must be given: graph inputs without an initializer. */
export function requiredInputs(graph: Graph): readonly Value[] {
  return graph.inputs.filter((input) => input.initializer === undefined);
}

/**
 * Whether an initializer may be replaced at run time: by a caller (ONNX IR >= 4), or, where it is
 * an input of a body, by the node that holds the body.
 */
export function isOverridable(value: Value): boolean {
  if (value.initializer === undefined || !value.isInput) return false;
  const { kind, model } = value.graph;
  return kind !== 'main' || (model.irVersion >= 4 && !model.constantInitializers);
}

/**
 * The constant of a value that is the same in every run: an initializer that nobody may override,
 * the output of a Constant node, or one of these behind Identity nodes. undefined otherwise.
 */
export function constantOfValue(value: Value | undefined): Constant | undefined {
  let current = value;
  while (current !== undefined) {
    if (current.initializer !== undefined) {
      return isOverridable(current) ? undefined : current.initializer;
    }
    const producer: Node | undefined = current.producer;
    if (producer === undefined) return undefined;
    if (producer.is('Constant')) return constantOfNode(producer);
    if (!producer.is('Identity')) return undefined;
    current = producer.optionalInput(0);
  }
  return undefined;
}

/** The tensor of a Constant node, from whichever numeric value attribute it has. */
export function constantOfNode(node: Node): Constant | undefined {
  const attribute =
    node.attributes.get('value') ??
    node.attributes.get('value_float') ??
    node.attributes.get('value_floats') ??
    node.attributes.get('value_int') ??
    node.attributes.get('value_ints');
  switch (attribute?.kind) {
    case 'tensor':
      return attribute.value;
    case 'float':
      return literal('float32', Float32Array.of(attribute.value), []);
    case 'floats':
      return literal('float32', Float32Array.from(attribute.value), [attribute.value.length]);
    case 'int':
      return literal('int64', BigInt64Array.of(BigInt(attribute.value)), []);
    case 'ints': {
      const data = BigInt64Array.from(attribute.value, BigInt);
      return literal('int64', data, [data.length]);
    }
    default:
      return undefined;
  }
}

function literal(
  type: 'float32' | 'int64',
  data: Float32Array | BigInt64Array,
  dims: readonly number[],
): Constant {
  return { type, dims, byteLength: data.byteLength, read: () => ({ type, data, dims }) };
}

/** Whether exactly one input of one node, at any depth, reads the value, and nothing else does. */
export function hasSingleUse(value: Value): boolean {
  if (value.isOutput || value.pinned !== undefined || value.uses.size !== 1) return false;
  const [times] = value.uses.values();
  return times === 1;
}

/** The one node that reads the value, if there is exactly one. */
export function onlyConsumer(value: Value): Node | undefined {
  if (value.uses.size !== 1) return undefined;
  const [node] = value.uses.keys();
  return node;
}

/** The node of `graph` that is `node` or holds it at any depth. */
export function nodeIn(graph: Graph, node: Node): Node {
  let at = node;
  while (at.graph !== graph) {
    const { owner } = at.graph;
    if (owner === undefined) throw internal(`node ${node.label} stands in another graph`);
    at = owner;
  }
  return at;
}
