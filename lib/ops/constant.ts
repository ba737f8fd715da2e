import { constantOfNode } from '../ir/view.js';
import type { ValueFacts } from './operator.js';
import { toRunTensor } from './run-tensor.js';
import { nodeError, operator } from './schema.js';

export const constant = operator('Constant', {
  inputs: [0, 0],
  infer(node): ValueFacts[] {
    const found = constantOfNode(node);
    return [{ type: found?.type, dims: found?.dims, constant: found }];
  },
  evaluate({ node, arithmetic }) {
    const found = constantOfNode(node);
    if (found !== undefined) return [toRunTensor(found.read(), arithmetic)];
    const text = node.attribute('value_string', 'string');
    const texts = node.attribute('value_strings', 'strings');
    if (text !== undefined) return [{ type: 'string', dims: [], data: [text] }];
    if (texts !== undefined) return [{ type: 'string', dims: [texts.length], data: [...texts] }];
    throw nodeError(node, 'ERR_UNSUPPORTED', 'its value is of a kind that is not supported');
  },
});
