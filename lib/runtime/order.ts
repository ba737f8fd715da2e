import { ConvfuseError } from '../errors.js';
import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import { dependenciesOf } from './captures.js';

/**
 * The nodes that a graph's outputs need: producers first, otherwise in the order of the file.
 *
 * @throws ConvfuseError ERR_MODEL when nodes depend on each other in a cycle
 */
export function executionOrder(graph: Graph): Node[] {
  const order: Node[] = [];
  const done = new Set<Node>();
  const finish = (node: Node): void => {
    done.add(node);
    order.push(node);
  };
  const needed = neededNodes(graph);
  for (const root of graph.nodes()) {
    if (!needed.has(root) || done.has(root)) continue;
    // Nearly always true: files list producers first.
    if (waitingFor(graph, root, done).length === 0) finish(root);
    else finishAll(graph, root, done, finish);
  }
  return order;
}

/**
 * Finishes a node after all its producers. An explicit stack, because graphs can be too deep to
 * recurse.
 */
function finishAll(
  graph: Graph,
  root: Node,
  done: ReadonlySet<Node>,
  finish: (node: Node) => void,
): void {
  const open = new Set<Node>();
  const stack = [root];
  for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
    if (done.has(node)) {
      stack.pop();
      continue;
    }
    const waiting = waitingFor(graph, node, done);
    if (waiting.length === 0) {
      finish(node);
      stack.pop();
    } else if (open.has(node)) {
      throw new ConvfuseError('ERR_MODEL', `${node.label} depends on its own output`);
    } else {
      open.add(node);
      stack.push(...waiting.reverse());
    }
  }
}

function waitingFor(graph: Graph, node: Node, done: ReadonlySet<Node>): Node[] {
  return producersIn(graph, node).filter((before) => !done.has(before));
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
