import type { Constant } from './constant.js';
import type { Graph } from './graph.js';

/**
 * A node's attribute. `other` stands for kinds that no rule or operator reads (sparse tensors, type
 * protos, undecodable strings): they are kept for writing, never interpreted.
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
  /**
   * Refers to an attribute of the enclosing function, by its name; the value differs from call to
   * call.
   */
  | { readonly kind: 'reference'; readonly value: string }
  | { readonly kind: 'other'; readonly value: undefined }
);

/** The kinds that Node.attribute() can be asked for, and the type of the value of each. */
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
