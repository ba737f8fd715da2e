import { ConvfuseError } from '../errors.js';
import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import { dependenciesOf } from './captures.js';

/**
 * The nodes that a graph's outputs need, producers first, and otherwise in the file's order.
 *
 * @throws ConvfuseError ERR_MODEL when nodes depend on each other in a circle
 */
export function executionOrder(graph: Graph): Node[] {
  const order: Node[] = [];
  const state = new Map<Node, 'open' | 'done'>();
  const needed = neededNodes(graph);
  for (const root of graph.nodes()) {
    if (!needed.has(root) || state.get(root) === 'done') continue;
    // As it is in the file's order, nearly always.
    if (producersIn(graph, root).every((before) => state.get(before) === 'done')) {
      state.set(root, 'done');
      order.push(root);
      continue;
    }
    const stack = [root];
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
      if (state.get(node) === 'done') {
        stack.pop();
        continue;
      }
      const waiting = producersIn(graph, node).filter((before) => state.get(before) !== 'done');
      if (waiting.length === 0) {
        state.set(node, 'done');
        order.push(node);
        stack.pop();
      } else if (state.get(node) === 'open') {
        throw new ConvfuseError('ERR_MODEL', `${node.label} depends on its own output`);
      } else {
        state.set(node, 'open');
        stack.push(...waiting.reverse());
      }
    }
  }
  return order;
}

function neededNodes(graph: Graph): ReadonlySet<Node> {
  const needed = new Set<Node>();
  const queue: Node[] = [];
  const add = (node: Node | undefined): void => {
    if (node === undefined || node.graph !== graph || needed.has(node)) return;
    needed.add(node);
    queue.push(node);
  };
  for (const output of graph.outputs) add(output.producer);
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    producersIn(graph, node).forEach(add);
  }
  return needed;
}

function producersIn(graph: Graph, node: Node): Node[] {
  const producers: Node[] = [];
  for (const { producer } of dependenciesOf(node)) {
    if (producer !== undefined && producer.graph === graph) producers.push(producer);
  }
  return producers;
}
