// What a model computes, without what its parts are called or the order they stand in.

import { createHash } from 'node:crypto';

import type { Attribute } from '#convfuse/ir/attributes.js';
import type { Constant } from '#convfuse/ir/constant.js';
import type { Graph } from '#convfuse/ir/graph.js';
import type { Model } from '#convfuse/ir/model.js';
import type { Value } from '#convfuse/ir/value.js';

/** A digest of each output of the main graph, by its name. */
export function fingerprint(model: Model): Record<string, string> {
  const known = new Map<Value, string>();
  const outputs = model.graph.outputs.map((value) => [value.name, digestOf(value, known)]);
  return Object.fromEntries(outputs) as Record<string, string>;
}

function digestOf(value: Value, known: Map<Value, string>): string {
  const found = known.get(value);
  if (found !== undefined) return found;
  const { producer } = value;
  // Of two Identity nodes that make outputs out of one value either may stay.
  const digest =
    producer?.is('Identity') === true
      ? digestOf(producer.input(0), known)
      : hash(describeValue(value, known));
  known.set(value, digest);
  return digest;
}

function describeValue(value: Value, known: Map<Value, string>): string {
  const { producer } = value;
  if (value.initializer !== undefined) {
    // An overridable one is known by its name as well: a caller says it.
    const listed = value.isInput && value.graph.model.irVersion >= 4;
    return `${listed ? value.name : 'constant'} ${constantText(value.initializer)}`;
  }
  if (producer === undefined) return `input ${value.name}`;
  const attributes = [...producer.attributes.values()]
    .map((attribute) => `${attribute.name} = ${attributeText(attribute, known)}`)
    .sort();
  const inputs = producer.inputs.map((input) => (input ? digestOf(input, known) : ''));
  const operator = `${producer.domain}.${producer.opType}:${producer.overload}`;
  return [producer.outputs.indexOf(value), operator, ...attributes, ...inputs].join('\n');
}

function attributeText(attribute: Attribute, known: Map<Value, string>): string {
  const body = (graph: Graph): string =>
    graph.outputs.map((value) => digestOf(value, known)).join();
  switch (attribute.kind) {
    case 'tensor':
      return constantText(attribute.value);
    case 'graph':
      return body(attribute.value);
    case 'graphs':
      return attribute.value.map(body).join(';');
    default:
      return `${attribute.kind} ${String(attribute.value)}`;
  }
}

function constantText(constant: Constant): string {
  const { type, dims, data } = constant.read();
  return `${type} ${dims.join('x')} ${Array.from<unknown, string>(data, String).join(' ')}`;
}

function hash(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
