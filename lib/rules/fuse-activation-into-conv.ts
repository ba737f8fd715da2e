import { defineRule } from '../rewrite/rule.js';
import {
  FUSED_ACTIVATIONS,
  FUSED_CONV_GUARDS,
  makeFusedConv,
  type FusedConvMatch,
} from './fused-conv.js';

export const fuseActivationIntoConv = defineRule<FusedConvMatch>({
  name: 'fuse-activation-into-conv',
  level: 'basic',
  target: 'ort',
  doc: 'f(Conv(x, W, b)) = FusedConv(x, W, b) of com.microsoft, for Relu, LeakyRelu, Tanh, Sigmoid, Clip, HardSigmoid',
  roots: FUSED_ACTIVATIONS,
  match(activation) {
    const output = activation.optionalInput(0);
    const conv = output?.producer;
    if (output === undefined || conv?.is('Conv') !== true) return undefined;
    if (conv.inputs.slice(0, 2).includes(undefined)) return undefined;
    if (activation.optionalOutput(0) === undefined) return undefined;
    return {
      nodes: [conv, activation],
      into: conv,
      vanishing: [output],
      parameters: [],
      conv,
      activation,
      residual: undefined,
    };
  },
  conditions: FUSED_CONV_GUARDS,
  rewrite: makeFusedConv,
  example: {
    before: 'y = Conv(x, W, b)\nz = LeakyRelu<alpha = 0.25>(y)',
    after:
      'z = com.microsoft.FusedConv<activation = "LeakyRelu", activation_params = [0.25]>(x, W, b)',
  },
});
