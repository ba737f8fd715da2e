// Small ONNX files built in code. It writes through protobuf-es alone, so that a fault of the
// project's own writer cannot hide in a file that both of them made.

import { create, isMessage, toBinary } from '@bufbuild/protobuf';

import type { DataType, TensorData } from '#convfuse/tensor/dtype.js';
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  FunctionProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '#convfuse/onnx/gen/onnx_pb.js';

/** Element type codes of the format (TensorProto.DataType). */
export const TYPE_CODE: Readonly<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
};

/** A dimension: a number, a symbol's name, or undefined for an unknown one. */
export type DimSpec = number | string | undefined;

/**
 * A value: just its name, or with dimensions (undefined: no shape), and an element type that is
 * float32 unless given.
 */
export type ValueSpec = string | readonly [string, (readonly DimSpec[] | undefined)?, DataType?];

/** Wraps a number that is to be a FLOAT attribute, where a plain one is an INT. */
export interface FloatAttribute {
  readonly float: number | readonly number[];
}

export type AttributeSpec =
  | number
  | bigint
  | string
  | FloatAttribute
  | readonly number[]
  | readonly string[]
  | TensorProto
  | GraphProto
  | AttributeProto;

export interface GraphSpec {
  readonly name?: string;
  readonly nodes?: readonly NodeProto[];
  readonly inputs?: readonly ValueSpec[];
  readonly outputs?: readonly ValueSpec[];
  readonly initializers?: readonly TensorProto[];
  readonly valueInfo?: readonly ValueSpec[];
}

export interface ModelSpec extends GraphSpec {
  readonly irVersion?: number;
  /** Of the default domain. */
  readonly opset?: number;
  /** Further domains. */
  readonly opsets?: Readonly<Record<string, number>>;
  readonly functions?: readonly FunctionProto[];
}

export interface FunctionSpec {
  readonly domain: string;
  readonly name: string;
  readonly overload?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: readonly string[];
  readonly nodes: readonly NodeProto[];
  readonly opsets?: Readonly<Record<string, number>>;
}

export function float(value: number | readonly number[]): FloatAttribute {
  return { float: value };
}

/** A tensor with its elements in raw_data. float16 and bfloat16 are given as bits. */
export function tensor(
  name: string,
  dims: readonly number[],
  data: Exclude<TensorData, readonly string[]> | readonly number[],
  type: DataType = 'float32',
): TensorProto {
  const array: ArrayBufferView = ArrayBuffer.isView(data)
    ? data
    : Float32Array.from(data as readonly number[]);
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: TYPE_CODE[type],
    rawData: new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength),
  });
}

/** A node of the default domain, or of the one that an operator name like 'my.domain::Op' has. */
export function node(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeSpec>> = {},
  name = '',
): NodeProto {
  const [operator = '', domain = ''] = opType.split('::').reverse();
  return create(NodeProtoSchema, {
    opType: operator,
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
    ...(domain === '' ? {} : { domain }),
    ...(name === '' ? {} : { name }),
  });
}

/** An attribute that takes its value from one of the enclosing function. */
export function reference(name: string, refAttrName: string, type: AttributeType): AttributeProto {
  return create(AttributeProtoSchema, { name, refAttrName, type });
}

/** A graph to stand in a node's attribute. */
export function graph(spec: GraphSpec): GraphProto {
  return create(GraphProtoSchema, {
    name: spec.name ?? 'graph',
    node: [...(spec.nodes ?? [])],
    input: (spec.inputs ?? []).map(valueInfo),
    output: (spec.outputs ?? []).map(valueInfo),
    initializer: [...(spec.initializers ?? [])],
    valueInfo: (spec.valueInfo ?? []).map(valueInfo),
  });
}

export function modelFunction(spec: FunctionSpec): FunctionProto {
  return create(FunctionProtoSchema, {
    domain: spec.domain,
    name: spec.name,
    ...(spec.overload === undefined ? {} : { overload: spec.overload }),
    input: [...spec.inputs],
    output: [...spec.outputs],
    attribute: [...(spec.attributes ?? [])],
    node: [...spec.nodes],
    opsetImport: opsetImport(spec.opsets ?? { '': 17 }),
  });
}

/** The message, for a test to put more into before it encodes it. */
export function model(spec: ModelSpec): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: BigInt(spec.irVersion ?? 8),
    producerName: 'convfuse test',
    opsetImport: opsetImport({ '': spec.opset ?? 17, ...spec.opsets }),
    graph: graph(spec),
    functions: [...(spec.functions ?? [])],
  });
}

export function encode(message: ModelProto): Uint8Array<ArrayBuffer> {
  return toBinary(ModelProtoSchema, message);
}

/** A whole file. */
export function modelBytes(spec: ModelSpec): Uint8Array<ArrayBuffer> {
  return encode(model(spec));
}

function opsetImport(opsets: Readonly<Record<string, number>>) {
  return Object.entries(opsets).map(([domain, version]) => ({ domain, version: BigInt(version) }));
}

export function valueInfo(spec: ValueSpec): ValueInfoProto {
  const [name, dims, type] = typeof spec === 'string' ? [spec] : spec;
  const shape = dims && {
    dim: dims.map((dim) => {
      if (dim === undefined) return {};
      return typeof dim === 'number'
        ? { value: { case: 'dimValue' as const, value: BigInt(dim) } }
        : { value: { case: 'dimParam' as const, value: dim } };
    }),
  };
  const tensorType = { elemType: TYPE_CODE[type ?? 'float32'], ...(shape && { shape }) };
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: tensorType } },
  });
}

export function attribute(name: string, value: AttributeSpec): AttributeProto {
  if (isMessage(value, AttributeProtoSchema)) return value;
  if (isMessage(value, TensorProtoSchema)) return make(name, AttributeType.TENSOR, { t: value });
  if (isMessage(value, GraphProtoSchema)) return make(name, AttributeType.GRAPH, { g: value });
  if (typeof value === 'string') return make(name, AttributeType.STRING, { s: utf8(value) });
  if (typeof value === 'number' || typeof value === 'bigint') {
    return make(name, AttributeType.INT, { i: BigInt(value) });
  }
  if ('float' in value) {
    return typeof value.float === 'number'
      ? make(name, AttributeType.FLOAT, { f: value.float })
      : make(name, AttributeType.FLOATS, { floats: [...value.float] });
  }
  return value.some((item) => typeof item === 'string')
    ? make(name, AttributeType.STRINGS, { strings: value.map((item) => utf8(String(item))) })
    : make(name, AttributeType.INTS, { ints: value.map((item) => BigInt(item)) });
}

function make(
  name: string,
  type: AttributeType,
  fields: Partial<
    Pick<AttributeProto, 'f' | 'i' | 's' | 't' | 'g' | 'floats' | 'ints' | 'strings'>
  >,
): AttributeProto {
  return create(AttributeProtoSchema, { name, type, ...fields });
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new TextEncoder().encode(text));
}
