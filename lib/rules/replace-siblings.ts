import type { Graph } from '../ir/graph.js';
import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { mergedName } from './names.js';

/**
 * A node in front of which a reader of `data` can be inserted so that it precedes all other
 * readers.
 */
export function placeBehind(data: Value, graph: Graph, otherwise: Node): Node {
  const first = data.producer?.graph === graph ? data.producer.next : graph.first;
  return first ?? otherwise;
}

/**
 * Replaces a group of layers by one layer, and a Split that produces the group's outputs under
 * their names.
 */
export function replaceGroup(
  edit: Editor,
  group: readonly Node[],
  spec: {
    readonly inputs: readonly Value[];
    readonly like: Node;
    readonly axis: number;
    readonly sizes: readonly number[];
    readonly before: Node;
  },
): Node {
  const { inputs, like, axis, sizes, before } = spec;
  const outputs = group.map((node) => node.output(0));
  const layer = edit.insertBefore(before, {
    opType: like.opType,
    name: like.name,
    inputs,
    outputs: [mergedName(outputs[0]!.name)],
    attributes: [...like.attributes.values()],
  });
  splitInto(edit, layer, before, axis, sizes, outputs);
  for (const node of group) edit.remove(node);
  return layer;
}

/** Inserts the Split. Its sizes are an attribute before opset 13, and an input from then on. */
function splitInto(
  edit: Editor,
  layer: Node,
  before: Node,
  axis: number,
  sizes: readonly number[],
  outputs: readonly Value[],
): void {
  const where = { name: 'axis', kind: 'int', value: axis } as const;
  const inputs = [layer.output(0)];
  if (layer.opset < 13) {
    const list = { name: 'split', kind: 'ints', value: sizes } as const;
    edit.insertBefore(before, { opType: 'Split', inputs, outputs, attributes: [where, list] });
    return;
  }
  const data = BigInt64Array.from(sizes, BigInt);
  const tensor = { type: 'int64', data, dims: [sizes.length] } as const;
  const hint = `${outputs[0]!.name}_split`;
  inputs.push(edit.constant(layer.graph, hint, tensor, before));
  edit.insertBefore(before, { opType: 'Split', inputs, outputs, attributes: [where] });
}
