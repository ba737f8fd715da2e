import { defaultParameters, type Activation, type ActivationKind } from '../backend/activation.js';
import type { Editor } from '../ir/editor.js';
import type { Graph } from '../ir/graph.js';
import type { Attribute } from '../ir/attributes.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { activationOf } from '../ops/activation-of.js';
import type { Inference } from '../ops/infer.js';
import { findActivation } from '../runtime/find-activation.js';
import { isFloatType, type DataType } from '../tensor/dtype.js';
import { toBfloat16, toFloat16 } from '../tensor/half.js';
import type { Tensor } from '../tensor/tensor.js';

/** An activation in a graph: one node, or several that together compute it. */
export interface ActivationSite {
  readonly nodes: readonly Node[];
  readonly activation: Activation;
  readonly input: Value;
  readonly output: Value;
  readonly type: DataType;
}

/** The activations that can replace another one. Each is one or two standard operators. */
export const REPLACEMENTS = ['relu', 'relu6', 'leaky-relu', 'hard-swish'] as const;

export type Replacement = (typeof REPLACEMENTS)[number];

/** The metadata_props key of a node that replaced another activation; the value is the old kind. */
export const REPLACED_KEY = 'convfuse.replaced';

/**
 * The activations of the given kinds in a graph, in its order, without those in nested graphs. A
 * copy of the graph has the same sites at the same indices.
 */
export function activationSites(
  graph: Graph,
  inference: Inference,
  kinds: ReadonlySet<ActivationKind>,
): ActivationSite[] {
  const sites: ActivationSite[] = [];
  const taken = new Set<Node>();
  const add = (nodes: readonly Node[], activation: Activation, input: Value): void => {
    // Nodes of kinds not asked for count as taken too: the Sigmoid of a SiLU is no activation by
    // itself.
    for (const node of nodes) taken.add(node);
    const { type } = inference.facts(input);
    if (!kinds.has(activation.kind) || !isFloatType(type)) return;
    sites.push({ nodes, activation, input, output: nodes.at(-1)!.output(0), type });
  };
  const free = (node: Node): boolean => !taken.has(node) && node.pinned === undefined;
  const values = [...graph.inputs, ...[...graph.nodes()].flatMap((node) => node.namedOutputs)];
  for (const value of values) {
    const found = findActivation(value, inference, free);
    if (found !== undefined) add(found.nodes, found.activation, value);
  }
  // An activation that is a single operator can be replaced even if others read its input.
  for (const node of graph.nodes()) {
    const input = node.optionalInput(0);
    if (input === undefined || !free(node) || node.optionalOutput(0) === undefined) continue;
    const activation = activationOf(node, inference.facts(input).dims);
    if (activation !== undefined) add([node], activation, input);
  }
  const place = new Map([...graph.nodes()].map((node, at) => [node, at]));
  return sites.sort((a, b) => place.get(a.nodes.at(-1)!)! - place.get(b.nodes.at(-1)!)!);
}

/** Replaces the activation of a site by another one. */
export function replaceActivation(edit: Editor, site: ActivationSite, kind: Replacement): void {
  const { nodes, input, output, activation } = site;
  const last = nodes.at(-1)!;
  const { opset } = last;
  const insert = (
    opType: string,
    inputs: readonly Value[],
    out: Value | string,
    attributes: readonly Attribute[] = [],
  ): Value => {
    const name = out === output ? last.name : '';
    const spec = { opType, name, inputs, outputs: [out], attributes };
    const node = edit.insertBefore(last, spec);
    if (out === output) edit.note(node, REPLACED_KEY, activation.kind);
    return node.output(0);
  };
  switch (kind) {
    case 'relu':
      insert('Relu', [input], output);
      break;
    case 'leaky-relu':
      insert('LeakyRelu', [input], output, [float('alpha', defaultParameters(kind).alpha)]);
      break;
    case 'relu6':
      if (opset < 11) insert('Clip', [input], output, [float('min', 0), float('max', 6)]);
      else insert('Clip', [input, ...limits(edit, site)], output);
      break;
    case 'hard-swish':
      if (opset >= 14) insert('HardSwish', [input], output);
      else {
        const attributes = [float('alpha', Math.fround(1 / 6)), float('beta', 0.5)];
        const gate = insert('HardSigmoid', [input], `${output.name}_gate`, attributes);
        insert('Mul', [input, gate], output);
      }
  }
  for (const node of [...nodes].reverse()) edit.remove(node);
}

function float(name: string, value: number): Attribute {
  return { name, kind: 'float', value };
}

function limits(edit: Editor, { nodes, type }: ActivationSite): Value[] {
  const last = nodes.at(-1)!;
  return [0, 6].map((limit) => edit.constant(last.graph, 'limit', scalar(type, limit), last));
}

function scalar(type: DataType, value: number): Tensor {
  if (type === 'float64') return { type, dims: [], data: Float64Array.of(value) };
  if (type === 'float32') return { type, dims: [], data: Float32Array.of(value) };
  const bits = type === 'float16' ? toFloat16(value) : toBfloat16(value);
  return { type, dims: [], data: Uint16Array.of(bits) };
}
