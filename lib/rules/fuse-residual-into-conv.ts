import { defineRule, type Condition } from '../rewrite/rule.js';
import { sameDims } from '../tensor/shape.js';
import {
  FUSED_ACTIVATIONS,
  FUSED_CONV_GUARDS,
  makeFusedConv,
  type FusedConvMatch,
} from './fused-conv.js';

/** FusedConv adds element by element, and does not check that the sizes agree. */
const equalShapes: Condition<FusedConvMatch> = {
  name: 'equal-shapes',
  doc: "The added value is known to have the shape of the convolution's output.",
  check({ conv, residual }, facts) {
    const [own, other] = [facts.dims(conv.output(0)), facts.dims(residual!)];
    const known = (dims: typeof own): dims is readonly number[] =>
      dims?.every((size) => size !== undefined) === true;
    if (known(own) && known(other) && sameDims(own, other)) return undefined;
    const text = (dims: typeof own) => dims?.map((size) => size ?? '?').join(', ') ?? '?';
    const detail = `${residual!.name} is [${text(other)}], added to [${text(own)}]`;
    return { reason: 'shape', detail };
  },
};

export const fuseResidualIntoConv = defineRule<FusedConvMatch>({
  name: 'fuse-residual-into-conv',
  level: 'basic',
  target: 'ort',
  doc: 'f(Conv(x, W, b) + z) = FusedConv(x, W, b, z) of com.microsoft, for the same f',
  roots: FUSED_ACTIVATIONS,
  match(activation) {
    const sum = activation.optionalInput(0);
    const add = sum?.producer;
    if (sum === undefined || add?.is('Add') !== true) return undefined;
    if (activation.optionalOutput(0) === undefined) return undefined;
    for (const index of [0, 1]) {
      const [output, residual] = [add.optionalInput(index), add.optionalInput(1 - index)];
      const conv = output?.producer;
      if (output === undefined || residual === undefined || output === residual) continue;
      if (conv?.is('Conv') !== true || conv.inputs.slice(0, 2).includes(undefined)) continue;
      // Where both operands come from convolutions, the one without other readers is fused.
      if (index === 0 && output.useCount > 1 && residual.producer?.is('Conv') === true) continue;
      const nodes = [conv, add, activation];
      const vanishing = [output, sum];
      return { nodes, into: conv, vanishing, parameters: [], conv, activation, residual };
    }
    return undefined;
  },
  conditions: [...FUSED_CONV_GUARDS, equalShapes],
  rewrite: makeFusedConv,
  example: {
    before:
      'x: input float[1, 4, 8, 8]\nW: float[4, 4, 1, 1]\ny = Conv(x, W)\ns = Add(x, y)\nz = Relu(s)',
    after: 'z = com.microsoft.FusedConv<activation = "Relu">(x, W, "", x)',
  },
});
