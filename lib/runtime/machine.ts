import type { Backend, Precision } from '../backend/backend.js';
import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { Arithmetic } from '../ops/operator.js';
import type { Arena } from './arena.js';
import type { Plan } from './plan.js';

/** What all runs of a session share. */
export interface Machine {
  readonly backend: Backend;
  readonly arithmetic: Arithmetic;
  readonly precision: Precision;
  readonly threads: number | undefined;
  readonly arena: Arena;
  /** State that operators keep from run to run, such as packed weights. */
  readonly kept: Map<Node, object>;
  /** The plan of a body or function. Its input shapes are not known before it runs. */
  planBody(body: Graph): Plan;
}
