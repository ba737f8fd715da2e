import { argumentError } from '../../errors.js';
import { elementCount } from '../../tensor/shape.js';
import type { Attribute } from '../attributes.js';
import { addAttribute, appendNode, defineValue, resolveValue } from '../builder.js';
import { constantOf, type Constant } from '../constant.js';
import { Graph } from '../graph.js';
import { Model } from '../model.js';
import type { Node } from '../node.js';
import { seededTensor, seedOf, tensorFromText } from './data.js';
import { TextDefaults } from './defaults.js';
import {
  readStatements,
  type AttributeStatement,
  type Declared,
  type GraphStatements,
  type NodeStatement,
} from './syntax.js';
import { Tokens } from './tokens.js';
import type { Value } from '../value.js';

export interface TextOptions {
  /** Default: 8. A version in the text wins. */
  readonly irVersion?: number;
  /** Version of the default domain. Default: 17. A version in the text wins. */
  readonly opset?: number;
}

/**
 * Parses the text form described in ../text.ts.
 *
 * @throws ConvfuseError ERR_ARGUMENT (not the text form), ERR_MODEL (a name defined twice)
 */
export function parseText(text: string, options: TextOptions = {}): Model {
  const statements = readStatements(new Tokens(text));
  const opsets = new Map([['', options.opset ?? 17], ...statements.opsets]);
  const model = new Model(statements.irVersion ?? options.irVersion ?? 8, opsets, 'text');
  model.graph = new Graph(model, 'main', 'main', opsets);
  const variances = new Set<string>();
  collectVariances(statements, variances);
  const builder = new TextBuilder(model.graph, variances);
  for (const { domain, name, overload, body } of statements.functions) {
    const own = body.opsets.size > 0 ? new Map([...opsets, ...body.opsets]) : opsets;
    const graph = new Graph(model, 'function', name, own);
    model.addFunction({ domain, name, overload, body: graph });
    new TextBuilder(graph, variances).build(graph, body);
  }
  builder.build(model.graph, statements);
  return model;
}

/** Builds the main graph or a function, with all bodies in it. */
class TextBuilder {
  readonly #root: Graph;
  readonly #variances: ReadonlySet<string>;
  readonly #defaults = new TextDefaults();

  constructor(root: Graph, variances: ReadonlySet<string>) {
    this.#root = root;
    this.#variances = variances;
  }

  build(graph: Graph, statements: GraphStatements): void {
    const produced = new Set(statements.nodes.flatMap((node) => node.outputs));
    const inputs: Value[] = [];
    for (const declared of statements.declared) {
      const value = this.#declare(graph, declared, produced);
      if (value?.isInput === true) inputs.push(value);
    }
    for (const name of produced) if (name !== '') definedOutput(graph, name);
    graph.inputs = inputs;
    for (const node of statements.nodes) this.#node(graph, node);
    graph.outputs = outputsOf(graph, statements);
    for (const value of graph.outputs) value.isOutput = true;
  }

  #declare(graph: Graph, declared: Declared, produced: ReadonlySet<string>): Value | undefined {
    const { name, roles, type, dims, data } = declared;
    if (isMention(declared) && !produced.has(name)) return undefined;
    if (isMention(declared) && graph.values.has(name)) return undefined;
    const value = defineValue(graph, name);
    if (type !== undefined) value.declaration = { type, dims };
    if (roles.has('pinned')) value.pinned = 'declared as pinned';
    value.isInput = roles.has('input');
    const implied = !value.isInput && !produced.has(name);
    if (data !== undefined || implied) value.initializer = this.#initializer(declared);
    return value;
  }

  #initializer({ name, type, dims, data }: Declared): Constant {
    const known = (dims ?? []).filter((dim) => typeof dim === 'number');
    if (type === undefined || known.length !== dims?.length) {
      throw argumentError('a type and known dimensions', `the initializer ${name}`, dims);
    }
    if (data === undefined || data.kind === 'random') {
      const seed = data?.seed ?? seedOf(name);
      return constantOf(seededTensor(type, known, seed, this.#variances.has(name)));
    }
    const elements =
      data.kind === 'elements'
        ? data.elements
        : new Array<string>(elementCount(known)).fill(data.element);
    return constantOf(tensorFromText(type, known, elements));
  }

  #node(graph: Graph, statement: NodeStatement): void {
    const known = statement.inputs.map((name) =>
      name === '' ? undefined : resolveValue(graph, name),
    );
    const inputs = [...known];
    statement.inputs.forEach((name, index) => {
      // The same name may be several inputs: the first one defines it.
      if (name !== '') inputs[index] ??= this.#missing(graph, statement, index, inputs);
    });
    const outputs = statement.outputs.map((name) =>
      name === '' ? undefined : graph.values.get(name),
    );
    const node = appendNode(graph, { ...statement, inputs, outputs });
    for (const attribute of statement.attributes) {
      addAttribute(node, this.#attribute(node, attribute));
    }
    for (const output of node.namedOutputs) this.#defaults.note(statement, inputs, output);
  }

  #missing(
    graph: Graph,
    statement: NodeStatement,
    index: number,
    inputs: readonly (Value | undefined)[],
  ): Value {
    const name = statement.inputs[index]!;
    const twin = resolveValue(graph, name);
    if (twin !== undefined) return twin;
    const root = this.#root;
    const { dims, parameter } = this.#defaults.missing(statement, index, inputs);
    const value = defineValue(root, name);
    if (parameter && root.kind === 'main') {
      const positive = this.#variances.has(name);
      value.initializer = constantOf(seededTensor('float32', dims, seedOf(name), positive));
    } else {
      value.isInput = true;
      if (root.kind === 'main') value.declaration = { type: 'float32', dims };
      root.inputs = [...root.inputs, value];
    }
    return value;
  }

  #attribute(node: Node, statement: AttributeStatement): Attribute {
    const { name } = statement;
    switch (statement.kind) {
      case 'tensor':
        return { name, kind: 'tensor', value: constantOf(statement.value) };
      case 'graph':
        return { name, kind: 'graph', value: this.#body(node, name, statement.value) };
      case 'graphs': {
        const value = statement.value.map((graph) => this.#body(node, name, graph));
        return { name, kind: 'graphs', value };
      }
      default:
        return statement;
    }
  }

  #body(node: Node, name: string, statements: GraphStatements): Graph {
    const graph = new Graph(node.graph.model, 'body', name, node.graph.opsets, node);
    this.build(graph, statements);
    return graph;
  }
}

/** Whether a declaration says only that a value defined elsewhere is an output. */
function isMention({ roles, type, data }: Declared): boolean {
  return roles.size === 1 && roles.has('output') && type === undefined && data === undefined;
}

function definedOutput(graph: Graph, name: string): Value {
  const declared = graph.values.get(name);
  return declared ?? defineValue(graph, name);
}

/** The declared outputs; without any, the node outputs that nothing reads. */
function outputsOf(graph: Graph, statements: GraphStatements): Value[] {
  const declared = statements.declared.filter(({ roles }) => roles.has('output'));
  if (declared.length > 0) {
    return declared.map(({ name }) => {
      const value = resolveValue(graph, name);
      if (value === undefined) throw argumentError('a defined name', 'an output', name);
      return value;
    });
  }
  const unread: Value[] = [];
  for (const node of graph.nodes()) {
    unread.push(...node.namedOutputs.filter((value) => value.uses.size === 0));
  }
  return unread;
}

/** Collects the names that are the variance of some batch norm. */
function collectVariances(statements: GraphStatements, found: Set<string>): void {
  for (const node of statements.nodes) {
    if (node.opType === 'BatchNormalization' && node.inputs[4] !== undefined) {
      found.add(node.inputs[4]);
    }
    for (const { kind, value } of node.attributes) {
      if (kind === 'graph') collectVariances(value, found);
      if (kind === 'graphs') for (const graph of value) collectVariances(graph, found);
    }
  }
  for (const { body } of statements.functions) collectVariances(body, found);
}
