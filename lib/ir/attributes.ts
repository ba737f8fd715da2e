import type { Constant } from './constant.js';
import type { Graph } from './graph.js';

/**
 * A node's attribute. `other` stands for kinds that no rule and no operator reads (sparse
 * tensors, type protos, strings we do not look into): they are carried, never interpreted.
 */
export type Attribute = { readonly name: string } & (
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: Constant }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'graphs'; readonly value: readonly Graph[] }
  /** Bound to an attribute of the enclosing function: its value is not known here. */
  | { readonly kind: 'reference'; readonly value: string }
  | { readonly kind: 'other'; readonly value: undefined }
);

/** The kinds an accessor can ask for by name, and what it gets. */
export interface AttributeValues {
  float: number;
  int: number;
  string: string;
  tensor: Constant;
  graph: Graph;
  floats: readonly number[];
  ints: readonly number[];
  strings: readonly string[];
  graphs: readonly Graph[];
}

export type AttributeKind = keyof AttributeValues;
