import { ConvfuseError, argumentError } from '../errors.js';
import type { Graph } from '../ir/graph.js';
import type { Value } from '../ir/value.js';
import { isOverridable, requiredInputs } from '../ir/view.js';
import { dimsText } from '../tensor/shape.js';
import { checkTensor, type Tensor } from '../tensor/tensor.js';

/** Input tensors by name, as in onnxruntime-common. */
export type Feeds = Readonly<Record<string, Tensor>>;

/**
 * The feeds by graph input, each checked against the type and dimensions that the model declares.
 *
 * @throws ConvfuseError ERR_ARGUMENT
 */
export function checkFeeds(graph: Graph, feeds: Feeds): Map<Value, Tensor> {
  if (typeof feeds !== 'object' || feeds === null) {
    throw argumentError('an object of tensors', 'feeds', feeds);
  }
  const checked = new Map<Value, Tensor>();
  for (const [name, tensor] of Object.entries(feeds)) {
    const value = graph.inputs.find((input) => input.name === name);
    if (value === undefined || (value.initializer !== undefined && !isOverridable(value))) {
      const names = requiredInputs(graph).map((input) => input.name);
      throw argumentError(`one of the inputs ${names.join(', ')}`, 'feeds', name);
    }
    checked.set(value, checkFeed(value, tensor));
  }
  for (const input of requiredInputs(graph)) {
    if (!checked.has(input)) throw argumentError('a tensor', `feeds.${input.name}`, undefined);
  }
  return checked;
}

function checkFeed(value: Value, given: Tensor): Tensor {
  const tensor = checkTensor(given, `feeds.${value.name}`);
  const declared = value.initializer ?? value.declaration;
  if (declared?.type !== undefined && declared.type !== tensor.type) {
    throw argumentError(declared.type, `feeds.${value.name}.type`, tensor.type);
  }
  const dims = declared?.dims;
  const fits =
    dims === undefined ||
    (dims.length === tensor.dims.length &&
      dims.every((size, axis) => typeof size !== 'number' || size === tensor.dims[axis]));
  if (fits) return tensor;
  throw new ConvfuseError(
    'ERR_ARGUMENT',
    `expected dimensions ${dimsText(dims)} for feeds.${value.name}, ` +
      `received ${dimsText(tensor.dims)}`,
  );
}
