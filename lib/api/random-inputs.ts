import { ConvfuseError } from '../errors.js';
import type { Value } from '../ir/value.js';
import { isOverridable, requiredInputs } from '../ir/view.js';
import type { Model } from '../ir/model.js';
import { allocate, type DataType } from '../tensor/dtype.js';
import { toBfloat16, toFloat16 } from '../tensor/half.js';
import { Random } from '../tensor/random.js';
import { dimsText, elementCount } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** Initializers a caller may feed. */
export function overridableInputs(model: Model): readonly Value[] {
  return model.graph.inputs.filter((input) => isOverridable(input));
}

/** Elements of the largest random input: 1 GiB of float32. */
const MAX_ELEMENTS = 2 ** 28;

/**
 * Seeded inputs for a model: standard normal floats, small whole numbers, booleans. An unknown
 * first dimension counts as 1.
 *
 * @param shapes by input name, where the model leaves them open or they shall differ
 * @throws ConvfuseError ERR_UNSUPPORTED where the type or shape of an input is unknown, or it would
 * be too large
 */
export function randomInputs(
  model: Model,
  seed: number,
  shapes: Readonly<Record<string, readonly number[]>> = {},
): Record<string, Tensor> {
  const random = new Random(seed);
  const feeds: [string, Tensor][] = requiredInputs(model.graph).map((input) => {
    const type = input.declaration?.type;
    if (type === undefined || type === 'string') {
      throw unknown(input.name, `it is ${type ?? 'not a tensor of a known type'}`);
    }
    const dims = Object.hasOwn(shapes, input.name) ? shapes[input.name]! : declaredDims(input);
    if (elementCount(dims) > MAX_ELEMENTS) throw unknown(input.name, 'it is too large');
    return [input.name, randomTensor(type, dims, random)];
  });
  return Object.fromEntries(feeds);
}

function declaredDims(input: Value): readonly number[] {
  const dims = input.declaration?.dims;
  if (dims === undefined) throw unknown(input.name, 'its shape is not declared');
  return dims.map((dim, axis) => {
    if (typeof dim === 'number' && dim >= 0) return dim;
    if (axis === 0) return 1;
    throw unknown(input.name, `its shape ${dimsText(dims)} is not fully known`);
  });
}

function unknown(name: string, why: string): ConvfuseError {
  return new ConvfuseError(
    'ERR_UNSUPPORTED',
    `no random data for input ${name}: ${why}; give --input-shape or --input`,
  );
}

function randomTensor(type: DataType, dims: readonly number[], random: Random): Tensor {
  const data = allocate(type, elementCount(dims));
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = 0; i < data.length; i++) data[i] = BigInt(random.integer(0, 9));
  } else {
    const next = sampler(type, random);
    const numbers = data as Float32Array;
    for (let i = 0; i < numbers.length; i++) numbers[i] = next();
  }
  return { type, data, dims };
}

function sampler(type: DataType, random: Random): () => number {
  switch (type) {
    case 'float32':
    case 'float64':
      return () => random.normal();
    case 'float16':
      return () => toFloat16(random.normal());
    case 'bfloat16':
      return () => toBfloat16(random.normal());
    case 'bool':
      return () => random.integer(0, 1);
    case 'uint8':
      return () => random.integer(0, 255);
    default:
      return () => random.integer(0, 9);
  }
}
