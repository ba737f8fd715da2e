import type { DataType } from '../tensor/dtype.js';
import type { Constant } from './constant.js';
import type { Graph } from './graph.js';
import type { Node } from './node.js';
import { Uses } from './uses.js';

/** A dimension: a number, a symbolic name, or unknown. */
export type Dim = number | string | undefined;

/**
 * The type and shape that a file declares for a value. Files are sometimes wrong: it is only a
 * hint.
 */
export interface Declaration {
  /** undefined: not a tensor, or of an unknown element type. */
  readonly type: DataType | undefined;
  /** undefined: not even the rank is declared. */
  readonly dims: readonly Dim[] | undefined;
  readonly origin?: unknown;
}

/**
 * One value of a graph in SSA form: a graph input, an initializer (or both), or a node's output.
 * Names are resolved to values once, while the file is read, which settles shadowing and captures
 * from nested graphs: every later question is a property look-up.
 *
 * Only ir/editor.ts and the reader change a value.
 */
export class Value {
  name: string;
  /** The graph that defines it. */
  readonly graph: Graph;
  producer: Node | undefined;
  /** The initializer of this name. With `isInput`, IR >= 4 lets a caller override it. */
  initializer: Constant | undefined;
  isInput = false;
  /** Whether it is an output of its own graph, or of a nested one. */
  isOutput = false;
  declaration: Declaration | undefined;
  /**
   * What outside the node list refers to the value by name (training_info, quantization
   * annotations, sparse initializers ...), so that it must keep its name and its meaning.
   */
  pinned: string | undefined;
  /**
   * Consumers, in this graph and graphs nested in it, each with the number of its inputs that read
   * the value.
   */
  readonly uses = new Uses();

  constructor(name: string, graph: Graph) {
    this.name = name;
    this.graph = graph;
  }

  /**
   * The number of inputs, of nodes at any depth, that read the value; graph outputs do not count.
   * Linear in the consumers: use uses.size to tell none, one and several apart.
   */
  get useCount(): number {
    let count = 0;
    for (const times of this.uses.values()) count += times;
    return count;
  }
}
