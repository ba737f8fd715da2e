import type { Graph } from '../ir/graph.js';
import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { firstRefusal, noExtraOutputs, notPinned, nodeText } from '../rewrite/conditions.js';
import type { Condition, Facts } from '../rewrite/rule.js';
import { parameterOf } from './parameter.js';
import {
  gemmBroadcast,
  knownAttributes,
  knownOpset,
  layerShapes,
  type LayerMatch,
} from './guards.js';
import {
  constantParameters,
  notOverridable,
  notSpelledOut,
  oneFloatType,
} from './parameter-guards.js';

/** A layer, and the others that read the same data. */
export interface SiblingMatch extends LayerMatch {
  /** All of them may be merged with the layer; it is among them. In the order of their outputs' names. */
  readonly group: readonly Node[];
  /** One that may be merged, but with another geometry: for the report. */
  readonly unlike: Node | undefined;
}

/** What two layers on one input must have in common, as text; undefined where it cannot be told. */
export type Likeness = (layer: Node, facts: Facts) => string | undefined;

/** What a layer asks for by itself. */
export const SIBLING_GUARDS: readonly Condition<LayerMatch>[] = [
  noExtraOutputs,
  knownOpset,
  knownAttributes,
  notPinned,
  notOverridable,
  constantParameters,
  oneFloatType,
  notSpelledOut,
  layerShapes,
  gemmBroadcast,
];

/** Readers of one value that are looked at: beyond, n layers on one input would cost n times n. */
const MANY = 512;

/**
 * A layer whose data other layers of its kinds read as well. Those that fail a guard stay out of
 * the group; the layer itself is in it, and the rule's conditions judge it.
 */
export function matchSiblings(
  root: Node,
  facts: Facts,
  guards: readonly Condition<LayerMatch>[],
  likeness: Likeness,
): SiblingMatch | undefined {
  const data = root.optionalInput(0);
  if (data === undefined || root.optionalOutput(0) === undefined) return undefined;
  if (data.uses.size < 2 || data.uses.size > MANY) return undefined;
  const others = [...data.uses.keys()].filter((node) => isSibling(node, root, data));
  if (others.length === 0) return undefined;
  const able = others.filter((node) => {
    const match = alone(node);
    return firstRefusal(guards, (guard) => guard.check(match, facts)) === undefined;
  });
  const mine = likeness(root, facts);
  const like = able.filter((node) => mine !== undefined && likeness(node, facts) === mine);
  const group = [root, ...like].sort(byOutputName);
  const parameters = parametersOf(root);
  return {
    nodes: [root],
    into: root,
    vanishing: [],
    parameters,
    layer: root,
    group,
    unlike: able.find((node) => !like.includes(node)),
    adds: addedBytes(group),
  };
}

function alone(layer: Node): LayerMatch {
  const parameters = parametersOf(layer);
  return { nodes: [layer], into: layer, vanishing: [], parameters, layer };
}

function isSibling(node: Node, root: Node, data: Value): boolean {
  return (
    node !== root &&
    node.graph === root.graph &&
    node.is(root.opType) &&
    node.optionalInput(0) === data &&
    node.optionalInput(1) !== undefined &&
    node.optionalOutput(0) !== undefined
  );
}

function parametersOf(layer: Node): Value[] {
  return layer.inputs.slice(1).filter((value) => value !== undefined);
}

/** Names do not depend on the order of the file, which may be any legal one. */
function byOutputName(a: Node, b: Node): number {
  const [left, right] = [a.output(0).name, b.output(0).name];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Bytes of merged constants, less those that nothing else reads. */
function addedBytes(group: readonly Node[]): number {
  let bytes = 0;
  const seen = new Set<Value>();
  for (const value of group.flatMap(parametersOf)) {
    const size = parameterOf(value)?.byteLength ?? 0;
    bytes += size;
    if (seen.has(value)) continue;
    seen.add(value);
    if (!value.isOutput && [...value.uses.keys()].every((node) => group.includes(node))) {
      bytes -= size;
    }
  }
  return bytes;
}

/** The group has a second member: the guard that says what keeps two layers apart. */
export const equalSibling: Condition<SiblingMatch> = {
  name: 'equal-sibling',
  doc: 'Another layer on the same input is like it in everything but its weight and bias.',
  check({ layer, group, unlike }) {
    if (group.length > 1) return undefined;
    if (unlike === undefined) {
      const detail = `no other layer on the input of ${layer.label} can be merged`;
      return { reason: 'pattern', detail };
    }
    const detail = `${nodeText(unlike)} reads the same input, but with another geometry or type`;
    return { reason: 'attribute', detail };
  },
};

/** Where a node that reads `data` may stand in front of all others that do. */
export function placeBehind(data: Value, graph: Graph, otherwise: Node): Node {
  const first = data.producer?.graph === graph ? data.producer.next : graph.first;
  return first ?? otherwise;
}

/** Makes `layer` in place of a group, and a Split that makes the group's outputs, names and all. */
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
    outputs: [`${outputs[0]!.name}_merged`],
    attributes: [...like.attributes.values()],
  });
  splitInto(edit, layer, before, axis, sizes, outputs);
  for (const node of group) edit.remove(node);
  return layer;
}

/** Before opset 13 the sizes are an attribute, from then on an input. */
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
