import type { DataType } from '../../tensor/dtype.js';
import { numberFromText, tensorFromText, typeFromText } from './data.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Tokens } from './tokens.js';
import type { Dim } from '../value.js';

// Parses text into statements. parse.ts resolves names later, since a statement may refer to one
// that comes after it.

export interface NodeStatement {
  readonly name: string;
  readonly outputs: readonly string[];
  readonly domain: string;
  readonly opType: string;
  readonly overload: string;
  readonly attributes: readonly AttributeStatement[];
  readonly inputs: readonly string[];
}

export type AttributeStatement = { readonly name: string } & (
  | { readonly kind: 'float' | 'int'; readonly value: number }
  | { readonly kind: 'string' | 'reference'; readonly value: string }
  | { readonly kind: 'floats' | 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: GraphStatements }
  | { readonly kind: 'graphs'; readonly value: readonly GraphStatements[] }
);

export type Data =
  | { readonly kind: 'elements'; readonly elements: readonly string[] }
  | { readonly kind: 'fill'; readonly element: string }
  | { readonly kind: 'random'; readonly seed: number };

export interface Declared {
  readonly name: string;
  readonly roles: ReadonlySet<string>;
  readonly type: DataType | undefined;
  readonly dims: readonly Dim[] | undefined;
  readonly data: Data | undefined;
}

export interface GraphStatements {
  irVersion: number | undefined;
  readonly opsets: Map<string, number>;
  readonly declared: Declared[];
  readonly nodes: NodeStatement[];
  readonly functions: FunctionStatement[];
}

export interface FunctionStatement {
  readonly domain: string;
  readonly name: string;
  readonly overload: string;
  readonly body: GraphStatements;
}

/** Statements up to the end of the text, or to the closing brace of a nested graph. */
export function readStatements(tokens: Tokens, end?: '}'): GraphStatements {
  const graph: GraphStatements = {
    irVersion: undefined,
    opsets: new Map(),
    declared: [],
    nodes: [],
    functions: [],
  };
  for (;;) {
    if (tokens.accepts(';')) continue;
    if (end === undefined ? tokens.peek().kind === 'end' : tokens.accepts(end)) return graph;
    if (tokens.sees('<')) readHeader(tokens, graph);
    else if (tokens.accepts('function')) graph.functions.push(readFunction(tokens));
    else if (tokens.peek(1).text === ':') graph.declared.push(readDeclaration(tokens));
    else graph.nodes.push(readNode(tokens));
  }
}

function readHeader(tokens: Tokens, graph: GraphStatements): void {
  tokens.list('<', '>', () => {
    const key = tokens.name();
    tokens.expect(':');
    if (key === 'ir_version') {
      graph.irVersion = readInteger(tokens);
      return;
    }
    if (key !== 'opset_import') throw tokens.error('ir_version or opset_import');
    tokens.list('[', ']', () => {
      const domain = tokens.take('string', 'a quoted domain');
      tokens.expect(':');
      graph.opsets.set(domain, readInteger(tokens));
    });
  });
}

/** Reads domain.Name:overload; the domain and the overload are optional. */
function readOperator(tokens: Tokens): { domain: string; name: string; overload: string } {
  const word = tokens.take('word', 'an operator');
  const dot = word.lastIndexOf('.');
  const overload = tokens.accepts(':') ? tokens.name() : '';
  return { domain: word.slice(0, Math.max(dot, 0)), name: word.slice(dot + 1), overload };
}

function readFunction(tokens: Tokens): FunctionStatement {
  const operator = readOperator(tokens);
  tokens.expect('{');
  return { ...operator, body: readStatements(tokens, '}') };
}

const ROLES = ['input', 'output', 'pinned'];

function readDeclaration(tokens: Tokens): Declared {
  const name = tokens.name();
  tokens.expect(':');
  const roles = new Set<string>();
  while (!tokens.peek().first && ROLES.includes(tokens.peek().text)) roles.add(tokens.name());
  let type: DataType | undefined;
  let dims: Dim[] | undefined;
  if (tokens.peek().kind === 'word' && !tokens.peek().first) {
    type = readType(tokens);
    // Without dimensions this is a scalar where elements follow, else a value of unknown shape.
    dims = hasDims(tokens) ? readDims(tokens) : undefined;
  }
  const data = tokens.accepts('=') ? readData(tokens) : undefined;
  if (data !== undefined) dims ??= [];
  if (type === undefined && roles.size === 0) throw tokens.error('input, output or a type');
  return { name, roles, type, dims, data };
}

function hasDims(tokens: Tokens): boolean {
  return tokens.sees('[') && !tokens.peek().first;
}

function readType(tokens: Tokens): DataType {
  const type = typeFromText(tokens.peek().text);
  if (type === undefined) throw tokens.error('an element type');
  tokens.next();
  return type;
}

function readDims(tokens: Tokens): Dim[] {
  return tokens.list('[', ']', () => {
    if (tokens.accepts('?')) return undefined;
    return tokens.peek().kind === 'number' ? readInteger(tokens) : tokens.name();
  });
}

function readData(tokens: Tokens): Data {
  if (tokens.sees('{')) return { kind: 'elements', elements: readElements(tokens) };
  if (tokens.accepts('fill')) return { kind: 'fill', element: inParentheses(tokens, readElement) };
  tokens.expect('random');
  return { kind: 'random', seed: inParentheses(tokens, readInteger) };
}

function inParentheses<T>(tokens: Tokens, read: (tokens: Tokens) => T): T {
  tokens.expect('(');
  const value = read(tokens);
  tokens.expect(')');
  return value;
}

function readElements(tokens: Tokens): string[] {
  return tokens.list('{', '}', () => readElement(tokens));
}

function readElement(tokens: Tokens): string {
  return tokens.peek().kind === 'string' ? tokens.next().text : tokens.take('number', 'a number');
}

function readInteger(tokens: Tokens): number {
  const value = Number(tokens.peek().text);
  if (tokens.peek().kind !== 'number' || !Number.isSafeInteger(value)) {
    throw tokens.error('a whole number');
  }
  tokens.next();
  return value;
}

function readNode(tokens: Tokens): NodeStatement {
  let name = '';
  if (tokens.accepts('[')) {
    name = tokens.name();
    tokens.expect(']');
  }
  const outputs = [tokens.name()];
  while (tokens.accepts(',')) outputs.push(tokens.name());
  tokens.expect('=');
  const { domain, name: opType, overload } = readOperator(tokens);
  const attributes = tokens.sees('<')
    ? tokens.list('<', '>', () => readAttribute(tokens))
    : ([] as AttributeStatement[]);
  const inputs = tokens.list('(', ')', () => tokens.name());
  return { name, outputs, domain, opType, overload, attributes, inputs };
}

function readAttribute(tokens: Tokens): AttributeStatement {
  const name = tokens.name();
  const kind = tokens.accepts(':') ? tokens.name() : undefined;
  tokens.expect('=');
  if (tokens.accepts('@')) return { name, kind: 'reference', value: tokens.name() };
  if (tokens.accepts('{')) return { name, kind: 'graph', value: readStatements(tokens, '}') };
  if (tokens.sees('[')) return readList(tokens, name, kind);
  const { kind: token } = tokens.peek();
  if (token === 'string') return { name, kind: 'string', value: tokens.next().text };
  if (token === 'number') {
    const { text } = tokens.next();
    const float = kind === undefined ? looksFloat(text) : kind === 'float';
    return { name, kind: float ? 'float' : 'int', value: numberFromText(text) };
  }
  const type = readType(tokens);
  const dims = tokens.sees('[') ? readDims(tokens) : [];
  const value = tensorFromText(type, knownDims(tokens, dims), readElements(tokens));
  return { name, kind: 'tensor', value };
}

function readList(tokens: Tokens, name: string, kind: string | undefined): AttributeStatement {
  const next = tokens.peek(1);
  if (next.text === '{') {
    const value = tokens.list('[', ']', () => {
      tokens.expect('{');
      return readStatements(tokens, '}');
    });
    return { name, kind: 'graphs', value };
  }
  const texts = tokens.list('[', ']', () => readElement(tokens));
  if (kind === 'strings' || next.kind === 'string') return { name, kind: 'strings', value: texts };
  const float = kind === undefined ? texts.some(looksFloat) : kind === 'floats';
  return { name, kind: float ? 'floats' : 'ints', value: texts.map(numberFromText) };
}

function looksFloat(text: string): boolean {
  return /[.enEN]/.test(text);
}

function knownDims(tokens: Tokens, dims: readonly Dim[]): number[] {
  return dims.map((dim) => {
    if (typeof dim !== 'number') throw tokens.error('known dimensions');
    return dim;
  });
}
