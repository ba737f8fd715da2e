import { elementsOf } from './facts.js';
import type { ValueFacts } from './operator.js';
import { numbersOf, required, toRunTensor } from './run-tensor.js';
import { nodeError, operator } from './schema.js';

/** A tensor of the dimensions in the input, filled with one value: float32 zero by default. */
export const constantOfShape = operator('ConstantOfShape', {
  since: 9,
  infer(node, [shape]): ValueFacts[] {
    const type = node.attribute('value', 'tensor')?.type ?? 'float32';
    return [{ type, dims: elementsOf(shape) }];
  },
  evaluate(call, inputs) {
    const { node, arithmetic } = call;
    const dims = numbersOf(required(node, inputs, 0));
    if (dims.some((size) => size < 0)) throw nodeError(node, 'ERR_MODEL', 'a size is negative');
    const given = node.attribute('value', 'tensor');
    const value = given && toRunTensor(given.read(), arithmetic);
    const type = value?.type ?? 'float32';
    const data = call.allocate(type, dims);
    (data as Float32Array).fill((value?.data[0] ?? 0) as number);
    return [{ type, dims, data }];
  },
});
