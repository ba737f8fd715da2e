// The fields of each message of the schema, in a form for walking the bytes.

import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { ScalarType } from '@bufbuild/protobuf';

import { FunctionProtoSchema, GraphProtoSchema, ModelProtoSchema } from './gen/onnx_pb.js';
import { DELIMITED, FIXED32, FIXED64, VARINT } from './wire.js';

export interface FieldShape {
  readonly name: string;
  /** Wire type of one element. */
  readonly wire: number;
  readonly repeated: boolean;
  /** Whether the field is a string, and not bytes. */
  readonly text: boolean;
  /** The message type of the field, if it has one. */
  readonly message: MessageShape | undefined;
}

export interface MessageShape {
  /** 'NodeProto', 'TypeProto.Tensor', ... */
  readonly name: string;
  /** The known fields, by field number. */
  readonly fields: readonly (FieldShape | undefined)[];
}

const shapes = new Map<DescMessage, MessageShape>();

export const MODEL = shapeOf(ModelProtoSchema);
export const GRAPH = shapeOf(GraphProtoSchema);
export const FUNCTION = shapeOf(FunctionProtoSchema);

/** The message in a field of another; undefined for scalars and unknown fields. */
export function messageIn(shape: MessageShape, field: number): MessageShape | undefined {
  return shape.fields[field]?.message;
}

function shapeOf(message: DescMessage): MessageShape {
  const known = shapes.get(message);
  if (known !== undefined) return known;
  const fields: (FieldShape | undefined)[] = [];
  const shape = { name: message.typeName.replace('onnx.', ''), fields };
  // Registered before it is filled, since messages contain each other.
  shapes.set(message, shape);
  for (const field of message.fields) fields[field.number] = fieldShape(field);
  return shape;
}

function fieldShape(field: DescField): FieldShape {
  const repeated = field.fieldKind === 'list';
  const message = field.message === undefined ? undefined : shapeOf(field.message);
  const wire = message !== undefined ? DELIMITED : wireOf(field.scalar);
  const text = field.scalar === ScalarType.STRING;
  return { name: field.name, wire, repeated, text, message };
}

function wireOf(scalar: ScalarType | undefined): number {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return DELIMITED;
    case ScalarType.FLOAT:
      return FIXED32;
    case ScalarType.DOUBLE:
      return FIXED64;
    default:
      return VARINT; // integers and enums: the schema has no fixed or zigzag ones
  }
}
