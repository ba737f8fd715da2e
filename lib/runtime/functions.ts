import { ConvfuseError } from '../errors.js';
import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import { operatorOf } from '../ops/index.js';
import type { Operator } from '../ops/operator.js';

/** What a node does: a known operator, or a call of a model-local function. */
export function meaningOf(node: Node): Operator | undefined {
  const body = calledBody(node);
  return body === undefined ? operatorOf(node) : functionCall(node, body);
}

function calledBody({ graph: { model }, domain, opType, overload }: Node): Graph | undefined {
  if (!model.definesFunction(domain, opType, overload)) return undefined;
  return model.functions.find(
    (fn) => fn.domain === domain && fn.name === opType && fn.overload === overload,
  )?.body;
}

/** A model-local function as an operator: running it runs its body. */
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
 * Operators of a graph, its bodies and the functions it calls that nobody here can run, each with
 * its domain and opset.
 *
 * @throws ConvfuseError ERR_MODEL when a function calls itself
 */
export function unsupportedOperators(graph: Graph): string[] {
  const missing = new Set<string>();
  const visit = (start: Graph, callers: readonly Graph[]): void => {
    for (const inner of start.withBodies()) {
      for (const node of inner.nodes()) {
        const body = calledBody(node);
        if (body !== undefined && callers.includes(body)) {
          throw new ConvfuseError('ERR_MODEL', `function ${node.opType} calls itself`);
        }
        if (body !== undefined) visit(body, [...callers, body]);
        const bound = [...node.attributes.values()].some(({ kind }) => kind === 'reference');
        if (bound || meaningOf(node) === undefined) missing.add(nameOf(node, bound));
      }
    }
  };
  visit(graph, []);
  return [...missing];
}

/** Names of sparse initializers in a graph and its bodies that nodes read: nobody here expands them. */
export function sparseInitializers(graph: Graph): string[] {
  const values = [...graph.withBodies()].flatMap((inner) => [...inner.values.values()]);
  return values
    .filter(({ pinned, uses }) => pinned === 'sparse initializer' && uses.size > 0)
    .map(({ name }) => name);
}

function nameOf(node: Node, bound: boolean): string {
  const domain = node.domain === '' ? '' : `${node.domain}.`;
  const what = bound ? 'with an attribute of its function' : `of opset ${node.opset}`;
  return `${domain}${node.opType} ${what}`;
}
