import type { DataType } from '../tensor/dtype.js';
import type { Constant } from './constant.js';
import type { Graph } from './graph.js';
import type { Node } from './node.js';
import { Uses } from './uses.js';

/** A dimension: a number, a symbol, or nothing known. */
export type Dim = number | string | undefined;

/** What a file declares about a value. Files are sometimes wrong: it is a hint, not a fact. */
export interface Declaration {
  /** undefined: not a tensor, or an element type unknown here. */
  readonly type: DataType | undefined;
  /** undefined: not even the rank is declared. */
  readonly dims: readonly Dim[] | undefined;
  readonly origin?: unknown;
}

/**
 * One value of a graph in SSA form: a graph input, an initializer (or both), or a node's output.
 * Names are resolved to values once, when the file is read, so that shadowing and captures from
 * nested graphs are settled there and every later question is a property look-up.
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
  /** Output of its graph, or of a body in it that hands it out. */
  isOutput = false;
  declaration: Declaration | undefined;
  /**
   * Why something outside the node list refers to it by name (training_info, quantization
   * annotations, sparse initializers ...), so that it must keep its name and its meaning.
   */
  pinned: string | undefined;
  /** Consumers, in this graph and in graphs nested in it, with how many inputs each uses. */
  readonly uses = new Uses();

  constructor(name: string, graph: Graph) {
    this.name = name;
    this.graph = graph;
  }

  /**
   * The number of inputs, of nodes at any depth, that read it. Graph outputs are not counted. It
   * walks the uses: ask uses.size where only "none" or "one" matters.
   */
  get useCount(): number {
    let count = 0;
    for (const times of this.uses.values()) count += times;
    return count;
  }
}
