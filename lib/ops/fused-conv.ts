import { IDENTITY, type Activation } from '../backend/activation.js';
import type { Node } from '../ir/node.js';
import { dimsText, sameDims } from '../tensor/shape.js';
import { conv, convGeometry, runConvolution } from './conv.js';
import { required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';
import { windowDims, withLabel } from './window.js';

/** Activations of onnxruntime's FusedConv, and how many activation_params each takes. */
const PARAMETERS: Readonly<Record<string, readonly [Activation['kind'], number]>> = {
  Relu: ['relu', 0],
  Tanh: ['tanh', 0],
  Sigmoid: ['sigmoid', 0],
  LeakyRelu: ['leaky-relu', 1],
  Clip: ['clip', 2],
  HardSigmoid: ['hard-sigmoid', 2],
};

/**
 * The activation of a FusedConv.
 *
 * @throws ConvfuseError ERR_UNSUPPORTED for a name that is not listed here, since the specification
 * leaves names open; ERR_MODEL for a wrong number of parameters
 */
function activationOf(node: Node): Activation {
  const name = node.attribute('activation', 'string') ?? '';
  if (name === '') return IDENTITY;
  const known = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
  if (known === undefined)
    throw nodeError(node, 'ERR_UNSUPPORTED', `activation ${name} is not supported`);
  const [kind, count] = known;
  const given = node.attribute('activation_params', 'floats') ?? [];
  if (given.length !== count) {
    const what = `expected ${count} activation_params for ${name}, received ${given.length}`;
    throw nodeError(node, 'ERR_MODEL', what);
  }
  return { kind, alpha: given[0] ?? 0, beta: given[1] ?? 0 };
}

/**
 * com.microsoft FusedConv: activation(Conv(X, W, B) + Z), as onnxruntime's CPU provider runs it.
 * Z has the shape of the output. (docs/ContribOperators.md of onnxruntime, and its kernel.)
 */
export const fusedConv = operator('FusedConv', {
  domain: 'com.microsoft',
  since: 1,
  until: 1,
  inputs: [2, 4],
  infer: conv.infer!,
  macs: conv.macs!,
  evaluate(call, inputs) {
    const { node } = call;
    const [x, w] = [required(node, inputs, 0), required(node, inputs, 1)];
    const [activation, residual] = [activationOf(node), inputs[3]];
    return withLabel(node, () => {
      const geometry = convGeometry(node, x.dims, w.dims);
      const size = windowDims(geometry.window, x.dims.slice(2));
      const dims = [x.dims[0]!, geometry.outputChannels, ...(size as number[])];
      if (residual !== undefined && !sameDims(residual.dims, dims)) {
        const what = `expected ${dimsText(dims)} for Z, received ${dimsText(residual.dims)}`;
        throw nodeError(node, 'ERR_MODEL', what);
      }
      return runConvolution(call, inputs, () => geometry, '', { activation, residual });
    });
  },
});
