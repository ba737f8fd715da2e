import { ConvfuseError } from '../errors.js';
import { bindAttributes } from '../ir/clone.js';
import type { Graph } from '../ir/graph.js';
import type { ModelFunction } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import { operatorOf } from '../ops/index.js';
import type { Operator } from '../ops/operator.js';

/**
 * The most function calls, nested ones included, that a session expands. Networks written by
 * exporters have thousands; a file of a few lines, in which each function calls the one before
 * twice, can have any number.
 */
const MAX_CALLS = 100_000;

/** The operator that a node runs: a known one, or a call of a model-local function. */
export function meaningOf(node: Node): Operator | undefined {
  const called = calledFunction(node);
  return called === undefined ? operatorOf(node) : functionCall(node, bodyFor(node, called));
}

function calledFunction(node: Node): ModelFunction | undefined {
  const { domain, opType, overload } = node;
  const { model } = node.graph;
  if (!model.definesFunction(domain, opType, overload)) return undefined;
  return model.functions.find(
    (fn) => fn.domain === domain && fn.name === opType && fn.overload === overload,
  );
}

/**
 * Copies of function bodies with a call's attributes filled in, valid for one revision of the
 * model.
 */
const bound = new WeakMap<Node, { readonly revision: number; readonly body: Graph }>();

/** The function's body; where that refers to attributes of the function, a copy for this call. */
function bodyFor(node: Node, { body, defaults }: ModelFunction): Graph {
  if (!readsAttributes(body)) return body;
  const { revision } = node.graph.model;
  const found = bound.get(node);
  if (found?.revision === revision) return found.body;
  const given = new Map([...(defaults ?? []), ...node.attributes]);
  const copy = bindAttributes(body, given);
  bound.set(node, { revision, body: copy });
  return copy;
}

function readsAttributes(body: Graph): boolean {
  for (const inner of body.withBodies()) {
    for (const node of inner.nodes()) if (hasReference(node)) return true;
  }
  return false;
}

function hasReference({ attributes }: Node): boolean {
  for (const { kind } of attributes.values()) if (kind === 'reference') return true;
  return false;
}

/** A model-local function as an operator whose evaluation runs the body. */
function functionCall(node: Node, body: Graph): Operator {
  return {
    opType: node.opType,
    domain: node.domain,
    since: 0,
    until: Infinity,
    inputs: [0, body.inputs.length],
    outputs: [0, body.outputs.length],
    evaluate: (call, inputs) =>
      call.runBody(
        body,
        body.inputs.map((_, i) => inputs[i]),
      ),
  };
}

/**
 * Operators that cannot be run, in a graph, its bodies and the functions it calls, each with its
 * domain and opset.
 *
 * @throws ConvfuseError ERR_MODEL when a function calls itself, ERR_LIMIT
 */
export function unsupportedOperators(graph: Graph): string[] {
  const missing = new Set<string>();
  let calls = 0;
  const visit = (start: Graph, callers: readonly ModelFunction[]): void => {
    for (const inner of start.withBodies()) {
      for (const node of inner.nodes()) {
        const called = calledFunction(node);
        if (called !== undefined) {
          if (callers.includes(called)) {
            throw new ConvfuseError('ERR_MODEL', `function ${node.opType} calls itself`);
          }
          if (++calls > MAX_CALLS) {
            throw new ConvfuseError('ERR_LIMIT', `more than ${MAX_CALLS} calls of functions`);
          }
          visit(bodyFor(node, called), [...callers, called]);
        }
        const open = hasReference(node);
        if (open || meaningOf(node) === undefined) missing.add(nameOf(node, open));
      }
    }
  };
  visit(graph, []);
  return [...missing];
}

/**
 * Names of the sparse initializers that nodes of a graph and its bodies read. They are not
 * supported.
 */
export function sparseInitializers(graph: Graph): string[] {
  const values = [...graph.withBodies()].flatMap((inner) => [...inner.values.values()]);
  return values
    .filter(({ pinned, uses }) => pinned === 'sparse initializer' && uses.size > 0)
    .map(({ name }) => name);
}

function nameOf(node: Node, open: boolean): string {
  const domain = node.domain === '' ? '' : `${node.domain}.`;
  const what = open ? 'with an attribute of its function' : `of opset ${node.opset}`;
  return `${domain}${node.opType} ${what}`;
}
