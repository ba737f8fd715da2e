import type { Activation } from '../backend/activation.js';
import type { Attribute } from '../ir/attributes.js';
import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { activationOf } from '../ops/activation-of.js';
import type { Condition, Match, Rewritten } from '../rewrite/rule.js';
import { noteFused } from './absorb.js';
import { STRUCTURE_GUARDS } from './guards.js';
import { parameterOf } from './parameter.js';

/** The domain of onnxruntime's operators, and its version. */
const DOMAIN = 'com.microsoft';
const VERSION = 1;

/** A convolution with an activation behind it, and perhaps an Add between them. */
export interface FusedConvMatch extends Match {
  readonly conv: Node;
  readonly activation: Node;
  /** The value that is added to the convolution before the activation. */
  readonly residual: Value | undefined;
}

/** The name of an activation in FusedConv, and its activation_params. */
interface FusedActivation {
  readonly name: string;
  readonly parameters: readonly number[];
}

const FLOAT32_MAX = 3.4028234663852886e38;

/** activation_params must be finite: a missing bound of a Clip becomes the largest float32. */
function finite(bound: number): number {
  return Math.min(Math.max(bound, -FLOAT32_MAX), FLOAT32_MAX);
}

function fusedActivation(activation: Activation | undefined): FusedActivation | undefined {
  switch (activation?.kind) {
    case 'relu':
      return { name: 'Relu', parameters: [] };
    case 'tanh':
      return { name: 'Tanh', parameters: [] };
    case 'sigmoid':
      return { name: 'Sigmoid', parameters: [] };
    case 'leaky-relu':
      return { name: 'LeakyRelu', parameters: [activation.alpha] };
    case 'relu6':
      return { name: 'Clip', parameters: [0, 6] };
    case 'clip':
      return { name: 'Clip', parameters: [activation.alpha, activation.beta].map(finite) };
    case 'hard-sigmoid':
      return { name: 'HardSigmoid', parameters: [activation.alpha, activation.beta] };
    default:
      return undefined;
  }
}

/** Operators that can become the activation of a FusedConv. */
export const FUSED_ACTIVATIONS = ['Relu', 'Tanh', 'Sigmoid', 'LeakyRelu', 'Clip', 'HardSigmoid'];

const fixedActivation: Condition<FusedConvMatch> = {
  name: 'fixed-activation',
  doc: 'The bounds of a Clip are constants.',
  check({ activation }) {
    if (fusedActivation(activationOf(activation)) !== undefined) return undefined;
    const detail = `${activation.label} has bounds that are computed or fed at run time`;
    return { reason: 'not-constant', detail };
  },
};

/** onnxruntime's CPU provider has a FusedConv kernel for float32 alone. */
const float32Weight: Condition<FusedConvMatch> = {
  name: 'float32-weight',
  doc: 'The weight is a float32 constant: FusedConv has no other type on CPUs.',
  check({ conv }) {
    const type = parameterOf(conv.input(1))?.type;
    if (type === 'float32') return undefined;
    return {
      reason: 'dtype',
      detail: `the weight of ${conv.label} is ${type ?? 'not a constant'}`,
    };
  },
};

const importable: Condition<FusedConvMatch> = {
  name: 'importable',
  doc: 'The graph imports version 1 of com.microsoft or can import it, and the model defines no FusedConv of its own.',
  check({ conv }) {
    const { graph } = conv;
    const other = graph.opsets.get(DOMAIN);
    if (graph.model.definesFunction(DOMAIN, 'FusedConv')) {
      return { reason: 'custom-op', detail: 'the model has a function FusedConv of its own' };
    }
    // Functions, and bodies in them, have their own imports, which cannot be extended.
    const imports = graph.opsets === graph.model.opsets;
    if (other === VERSION || (other === undefined && imports)) return undefined;
    const detail = `the graph of ${conv.label} imports ${other === undefined ? 'no' : `another`} version of ${DOMAIN}`;
    return { reason: 'opset', detail };
  },
};

export const FUSED_CONV_GUARDS: readonly Condition<FusedConvMatch>[] = [
  ...STRUCTURE_GUARDS,
  fixedActivation,
  float32Weight,
  importable,
];

/** Inserts a FusedConv in place of the activation, and removes the matched nodes. */
export function makeFusedConv(match: FusedConvMatch, edit: Editor): Rewritten {
  const { conv, activation, residual, nodes } = match;
  const { name, parameters } = fusedActivation(activationOf(activation))!;
  const attributes: Attribute[] = [
    ...conv.attributes.values(),
    { name: 'activation', kind: 'string', value: name },
  ];
  if (parameters.length > 0) {
    attributes.push({ name: 'activation_params', kind: 'floats', value: parameters });
  }
  const [x, w, bias] = [conv.input(0), conv.input(1), conv.optionalInput(2)];
  const inputs = residual !== undefined ? [x, w, bias, residual] : bias ? [x, w, bias] : [x, w];
  edit.importOperatorSet(DOMAIN, VERSION);
  const into = edit.insertBefore(activation, {
    opType: 'FusedConv',
    domain: DOMAIN,
    name: conv.name,
    inputs,
    outputs: [activation.output(0)],
    attributes,
  });
  const taken = nodes.filter((node) => node !== conv);
  for (const node of [...nodes].reverse()) edit.remove(node);
  noteFused(edit, into, taken.map(({ label }) => label).join(', '));
  return { into, detail: `com.microsoft FusedConv: onnxruntime runs it, other engines do not` };
}
