import { ConvfuseError } from '../errors.js';
import type { Graph } from './graph.js';
import type { Model } from './model.js';
import type { Node } from './node.js';
import type { Value } from './value.js';

/**
 * Checks the invariants that every edit must keep: links, producers and uses agree with each other,
 * each value is defined once and visible where it is read, names are registered, and no node
 * depends on itself. Linear in the size of the model. Tests run it after every rewrite.
 *
 * @throws ConvfuseError ERR_INTERNAL with the problems found
 */
export function checkModel(model: Model): void {
  const problems = problemsOf(model);
  if (problems.length === 0) return;
  const more = problems.length > 5 ? `, and ${problems.length - 5} more` : '';
  throw new ConvfuseError('ERR_INTERNAL', problems.slice(0, 5).join('; ') + more);
}

/** The violated invariants of a model, in words; empty when there are none. */
export function problemsOf(model: Model): string[] {
  const problems: string[] = [];
  const graphs = [...model.graphs()];
  const uses = new Map<Value, Map<Node, number>>();
  for (const graph of graphs) {
    checkNodes(graph, uses, problems);
    checkSignature(graph, problems);
  }
  for (const graph of graphs) {
    checkValues(graph, uses, problems);
    checkOrder(graph, problems);
  }
  return problems;
}

function checkNodes(graph: Graph, uses: Map<Value, Map<Node, number>>, problems: string[]): void {
  let count = 0;
  let previous: Node | undefined;
  for (let node = graph.first; node !== undefined; node = node.next) {
    count += 1;
    const { label } = node;
    if (node.previous !== previous) problems.push(`node ${label} has a wrong predecessor`);
    if (node.graph !== graph) problems.push(`node ${label} belongs to another graph`);
    if (node.removed) problems.push(`node ${label} is removed but linked`);
    previous = node;
    for (const value of node.inputs) {
      if (value === undefined) continue;
      if (!isVisible(value, graph)) problems.push(`${label} reads ${value.name}, out of scope`);
      const users = uses.get(value) ?? new Map<Node, number>();
      uses.set(value, users.set(node, (users.get(node) ?? 0) + 1));
    }
    const outputs = node.namedOutputs;
    if (new Set(outputs).size !== outputs.length) problems.push(`${label} repeats an output`);
    for (const value of outputs) {
      if (value.producer !== node) problems.push(`${value.name} has another producer`);
      if (graph.values.get(value.name) !== value) problems.push(`${value.name} is not registered`);
    }
    for (const body of node.subgraphs()) {
      if (body.owner !== node) problems.push(`a body of ${label} has another owner`);
    }
  }
  if (graph.last !== previous) problems.push(`graph ${graph.name} ends elsewhere`);
  if (count !== graph.nodeCount) problems.push(`graph ${graph.name} counts its nodes wrongly`);
}

function checkSignature(graph: Graph, problems: string[]): void {
  for (const value of graph.inputs) {
    if (!value.isInput || graph.values.get(value.name) !== value) {
      problems.push(`input ${value.name} is not one of ${graph.name}`);
    }
  }
  for (const value of graph.outputs) {
    if (!value.isOutput || !isVisible(value, graph)) {
      problems.push(`output ${value.name} of ${graph.name} is not defined`);
    }
  }
}

function checkValues(
  graph: Graph,
  uses: ReadonlyMap<Value, ReadonlyMap<Node, number>>,
  problems: string[],
): void {
  const inputs = new Set(graph.inputs);
  for (const [name, value] of graph.values) {
    const { producer } = value;
    if (value.name !== name) problems.push(`${value.name} is registered as ${name}`);
    if (value.graph !== graph) problems.push(`${name} belongs to another graph`);
    if (!graph.model.names.has(name)) problems.push(`name ${name} counts as free`);
    if (value.isInput !== inputs.has(value)) problems.push(`${name} is no input of its graph`);
    if (producer === undefined) {
      const defined =
        value.isInput || value.initializer !== undefined || value.pinned !== undefined;
      if (!defined) problems.push(`nothing defines ${name}`);
    } else {
      if (value.isInput || value.initializer !== undefined)
        problems.push(`${name} has two origins`);
      const real = !producer.removed && producer.graph === graph;
      if (!real || !producer.outputs.includes(value)) problems.push(`${name} has a false producer`);
    }
    if (graph.kind === 'function' && value.initializer !== undefined) {
      problems.push(`function ${graph.name} has an initializer`);
    }
    if (!sameUses(value.uses, uses.get(value))) problems.push(`uses of ${name} are miscounted`);
  }
}

function sameUses(
  counted: ReadonlyMap<Node, number>,
  found: ReadonlyMap<Node, number> | undefined,
): boolean {
  if (counted.size !== (found?.size ?? 0)) return false;
  for (const [node, times] of counted) if (found?.get(node) !== times) return false;
  return true;
}

/** Whether nodes of a graph may read a value: it is registered, in this graph or one around it. */
function isVisible(value: Value, graph: Graph): boolean {
  if (value.graph.values.get(value.name) !== value) return false;
  for (let at: Graph | undefined = graph; at !== undefined; at = at.owner?.graph) {
    if (at === value.graph) return true;
  }
  return false;
}

/**
 * Finds cycles by Kahn's algorithm. Reads inside a body count as reads of the node that holds the
 * body.
 */
function checkOrder(graph: Graph, problems: string[]): void {
  const waiting = new Map<Node, number>();
  for (const value of graph.values.values()) {
    if (value.producer === undefined) continue;
    for (const user of consumersIn(graph, value)) waiting.set(user, (waiting.get(user) ?? 0) + 1);
  }
  const ready = [...graph.nodes()].filter((node) => !waiting.has(node));
  let done = 0;
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    done += 1;
    for (const value of node.namedOutputs) {
      for (const user of consumersIn(graph, value)) {
        const left = waiting.get(user)! - 1;
        waiting.set(user, left);
        if (left === 0) ready.push(user);
      }
    }
  }
  if (done < graph.nodeCount) problems.push(`graph ${graph.name} has a cycle`);
}

/**
 * The nodes of `graph` that read one of its values, directly or inside a body. A node appears once
 * for each reader that it is or holds.
 */
function* consumersIn(graph: Graph, value: Value): Generator<Node> {
  for (const user of value.uses.keys()) {
    let at: Node | undefined = user;
    while (at !== undefined && at.graph !== graph) at = at.graph.owner;
    if (at !== undefined) yield at;
  }
}
