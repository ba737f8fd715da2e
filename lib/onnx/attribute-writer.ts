import { ConvfuseError } from '../errors.js';
import type { Attribute } from '../ir/attributes.js';
import type { Graph } from '../ir/graph.js';
import { Chunks } from './chunks.js';
import { AttributeProto_AttributeType as Type } from './gen/onnx_pb.js';
import type { Placement } from './placement.js';
import { encodeTensor } from './tensor-writer.js';

/** Encodes a new AttributeProto. @param body encodes a graph */
export function encodeAttribute(
  attribute: Attribute,
  placement: Placement,
  body: (graph: Graph) => Chunks,
): Chunks {
  const chunks = new Chunks().text(1, attribute.name);
  const typed = (type: Type): Chunks => chunks.integer(20, type);
  switch (attribute.kind) {
    case 'float':
      return typed(Type.FLOAT).float(2, attribute.value);
    case 'int':
      return typed(Type.INT).integer(3, attribute.value);
    case 'string':
      return typed(Type.STRING).text(4, attribute.value);
    case 'tensor':
      return typed(Type.TENSOR).message(5, encodeTensor(attribute.value, '', placement));
    case 'graph':
      return typed(Type.GRAPH).message(6, body(attribute.value));
    case 'floats':
      typed(Type.FLOATS);
      for (const value of attribute.value) chunks.float(7, value);
      return chunks;
    case 'ints':
      typed(Type.INTS);
      for (const value of attribute.value) chunks.integer(8, value);
      return chunks;
    case 'strings':
      typed(Type.STRINGS);
      for (const value of attribute.value) chunks.text(9, value);
      return chunks;
    case 'graphs':
      typed(Type.GRAPHS);
      for (const value of attribute.value) chunks.message(11, body(value));
      return chunks;
    default:
      // The type of a reference and the values of other kinds are not kept here, so these
      // attributes can only be copied from their file.
      throw new ConvfuseError(
        'ERR_INTERNAL',
        `attribute ${attribute.name} of kind ${attribute.kind} cannot be made anew`,
      );
  }
}
