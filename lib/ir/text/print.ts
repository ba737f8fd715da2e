import type { Attribute } from '../attributes.js';
import type { Constant } from '../constant.js';
import type { Graph } from '../graph.js';
import type { Model } from '../model.js';
import type { Node } from '../node.js';
import { elementsToText, numberToText, typeToText } from './data.js';
import { isPlainName } from './tokens.js';
import type { Dim, Value } from '../value.js';

/**
 * The nodes of a graph, one per line, without declarations: rule examples are compared in this
 * form.
 */
export function printNodes(graph: Graph): string {
  return nodeLines(graph, '', outlineText).join('\n');
}

/** A nested graph without declarations, except those of outputs that come from an outer graph. */
function outlineText(graph: Graph, indent: string): string {
  const passed = graph.outputs.filter((value) => value.producer?.graph !== graph);
  const mentions = passed.map((value) => `${indent}${nameText(value.name)}: output`);
  return [...nodeLines(graph, indent, outlineText), ...mentions].join('\n');
}

/** Prints a nested graph. */
type GraphText = (graph: Graph, indent: string) => string;

function nodeLines(graph: Graph, indent: string, nested: GraphText): string[] {
  return Array.from(graph.nodes(), (node) => indent + nodeText(node, indent, nested));
}

/** The whole model, as a text from which parseText() makes the same model. */
export function printText(model: Model): string {
  const lines = [
    `<ir_version: ${model.irVersion}, ${opsetsText(model.opsets)}>`,
    graphText(model.graph, ''),
  ];
  for (const { domain, name, overload, body } of model.functions) {
    const operator = operatorText(domain, name, overload);
    const header = body.opsets === model.opsets ? '' : `  <${opsetsText(body.opsets)}>\n`;
    lines.push(`function ${operator} {\n${header}${graphText(body, '  ')}\n}`);
  }
  return lines.filter((line) => line !== '').join('\n');
}

function opsetsText(opsets: ReadonlyMap<string, number>): string {
  const items = [...opsets].map(([domain, version]) => `${JSON.stringify(domain)}: ${version}`);
  return `opset_import: [${items.join(', ')}]`;
}

function graphText(graph: Graph, indent: string): string {
  const lines: string[] = [];
  // Statements are in the order of the signature: inputs first, outputs last.
  for (const value of graph.inputs) lines.push(indent + declarationText(value, graph));
  for (const value of graph.values.values()) {
    if (value.isInput || graph.outputs.includes(value)) continue;
    const said = value.initializer ?? value.declaration ?? value.pinned;
    if (said !== undefined) lines.push(indent + declarationText(value, graph));
  }
  lines.push(...nodeLines(graph, indent, graphText));
  for (const value of graph.outputs) {
    const mentioned = value.isInput || value.graph !== graph;
    const text = mentioned ? `${nameText(value.name)}: output` : declarationText(value, graph);
    lines.push(indent + text);
  }
  return lines.join('\n');
}

function declarationText(value: Value, graph: Graph): string {
  const { initializer, declaration } = value;
  const words = [`${nameText(value.name)}:`];
  if (value.isInput) words.push('input');
  if (!value.isInput && graph.outputs.includes(value)) words.push('output');
  if (value.pinned !== undefined) words.push('pinned');
  if (initializer !== undefined) words.push(...constantText(initializer));
  else if (declaration?.type !== undefined) {
    words.push(typeToText(declaration.type) + declaredDims(declaration.dims));
  }
  return words.join(' ');
}

function declaredDims(dims: readonly Dim[] | undefined): string {
  if (dims === undefined) return '';
  const texts = dims.map((dim) => (typeof dim === 'string' ? nameText(dim) : (dim ?? '?')));
  return `[${texts.join(', ')}]`;
}

function constantText(constant: Constant): string[] {
  const tensor = constant.read();
  const type = typeToText(tensor.type) + declaredDims(tensor.dims);
  return [type, '=', `{${elementsToText(tensor).join(', ')}}`];
}

function nodeText(node: Node, indent: string, nested: GraphText): string {
  const name = node.name === '' ? '' : `[${nameText(node.name)}] `;
  const outputs = node.outputs.map((value) => nameText(value?.name ?? '')).join(', ');
  const operator = operatorText(node.domain, node.opType, node.overload);
  const attributes = [...node.attributes.values()].map((item) =>
    attributeText(item, indent, nested),
  );
  const list = attributes.length === 0 ? '' : `<${attributes.join(', ')}>`;
  const inputs = node.inputs.map((value) => nameText(value?.name ?? '')).join(', ');
  return `${name}${outputs} = ${operator}${list}(${inputs})`;
}

function operatorText(domain: string, name: string, overload: string): string {
  const operator = domain === '' ? name : `${domain}.${name}`;
  return overload === '' ? operator : `${operator}:${nameText(overload)}`;
}

function attributeText(attribute: Attribute, indent: string, nested: GraphText): string {
  const name = nameText(attribute.name);
  switch (attribute.kind) {
    case 'int':
      return `${name} = ${attribute.value}`;
    case 'float':
      return `${name} = ${floatText(attribute.value)}`;
    case 'string':
      return `${name} = ${JSON.stringify(attribute.value)}`;
    case 'reference':
      return `${name} = @${nameText(attribute.value)}`;
    case 'ints':
      return listText(name, 'ints', attribute.value.map(numberToText));
    case 'floats':
      return listText(name, 'floats', attribute.value.map(floatText));
    case 'strings':
      return listText(
        name,
        'strings',
        attribute.value.map((item) => JSON.stringify(item)),
      );
    case 'tensor': {
      const [type, , elements] = constantText(attribute.value);
      return `${name} = ${type} ${elements}`;
    }
    case 'graph':
      return `${name} = ${bodyText(attribute.value, indent, nested)}`;
    case 'graphs':
      return listText(
        name,
        '',
        attribute.value.map((graph) => bodyText(graph, indent, nested)),
      );
    case 'other':
      return `${name} = "?"`;
  }
}

function listText(name: string, kind: string, items: readonly string[]): string {
  const typed = items.length === 0 && kind !== '' ? `${name}: ${kind}` : name;
  return `${typed} = [${items.join(', ')}]`;
}

function floatText(value: number): string {
  const text = numberToText(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function bodyText(graph: Graph, indent: string, nested: GraphText): string {
  return `{\n${nested(graph, `${indent}  `)}\n${indent}}`;
}

function nameText(name: string): string {
  return isPlainName(name) ? name : JSON.stringify(name);
}
