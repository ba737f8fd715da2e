import type { Constant } from '../ir/constant.js';
import type { Model } from '../ir/model.js';
import { constantOfNode } from '../ir/view.js';
import { runCosts } from '../runtime/summary.js';
import { isFloatType } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import { encodedBytes } from './encode.js';
import type { ModelSummary } from './report.js';

/**
 * Counts a model: nodes at every depth, elements of its floating-point constants, and the costs of
 * a run.
 *
 * @param inputShapes by input name, where the model leaves them open
 */
export function summarize(
  model: Model,
  inputShapes: Readonly<Record<string, readonly number[]>> = {},
): ModelSummary {
  const ops = new Map<string, number>();
  let nodes = 0;
  let parameters = 0;
  for (const graph of model.graphs()) {
    for (const [, constant] of graph.initializers()) parameters += floats(constant);
    for (const node of graph.nodes()) {
      nodes += 1;
      const name = node.domain === '' ? node.opType : `${node.domain}::${node.opType}`;
      ops.set(name, (ops.get(name) ?? 0) + 1);
      if (node.is('Constant')) parameters += floats(constantOfNode(node));
    }
  }
  return {
    nodes,
    ops: Object.fromEntries([...ops].sort(([a], [b]) => (a < b ? -1 : 1))),
    bytes: encodedBytes(model),
    parameters,
    ...runCosts(model, new Map(Object.entries(inputShapes))),
  };
}

function floats(constant: Constant | undefined): number {
  return isFloatType(constant?.type) ? elementCount(constant!.dims) : 0;
}
