// Runs a model written as text on tensors written as lists, on the reference backend.

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { parseText, type TextOptions } from '#convfuse/ir/text.js';
import { Inference } from '#convfuse/ops/infer.js';
import type { Arithmetic } from '#convfuse/ops/operator.js';
import { Session } from '#convfuse/runtime/session.js';
import { allocate, type DataType } from '#convfuse/tensor/dtype.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { valuesOf } from './model-files.js';

/** A tensor of these elements; of 0, 1, 2 ... where none are given. float32 by default. */
export function tensorOf(
  dims: readonly number[],
  values?: readonly number[],
  type: DataType = 'float32',
): Tensor {
  const data = allocate(type, elementCount(dims)) as Float32Array | BigInt64Array;
  for (let i = 0; i < data.length; i++) {
    const value = values === undefined ? i : values[i]!;
    if (data instanceof Float32Array || typeof data[0] === 'number') data[i] = value;
    else data[i] = BigInt(value);
  }
  return { type, dims, data };
}

export interface Result {
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly values: readonly number[];
}

export interface RunTextOptions extends TextOptions {
  readonly arithmetic?: Arithmetic;
}

const TEXT_NAMES: Partial<Record<DataType, string>> = { float32: 'float', float64: 'double' };

/** All outputs of the model, by name. What inference said of each must be true of it. */
export function runAll(
  text: string,
  feeds: Readonly<Record<string, Tensor>>,
  options: RunTextOptions = {},
): Record<string, Result> {
  const declared = Object.entries(feeds).map(([name, { type, dims }]) => {
    if (text.includes(`${name}: input`)) return '';
    const shape = dims.map(() => '?').join(', ');
    return `${name}: input ${TEXT_NAMES[type] ?? type}[${shape}]\n`;
  });
  const model = parseText(declared.join('') + text, options);
  const backend = new ReferenceBackend('tests');
  const session = Session.create(model, { backend, arithmetic: options.arithmetic ?? 'float32' });
  const outputs = session.runSync(feeds);
  session.dispose();
  const inputDims = new Map(Object.entries(feeds).map(([name, { dims }]) => [name, dims]));
  const inference = new Inference({ inputDims });
  return Object.fromEntries(
    model.graph.outputs.map((value) => {
      const tensor = outputs[value.name]!;
      checkFacts(value.name, tensor, inference.facts(value));
      return [value.name, { type: tensor.type, dims: tensor.dims, values: valuesOf(tensor) }];
    }),
  );
}

/** The only output of the model. */
export function runText(
  text: string,
  feeds: Readonly<Record<string, Tensor>>,
  options: RunTextOptions = {},
): Result {
  const outputs = Object.values(runAll(text, feeds, options));
  if (outputs.length !== 1) throw new Error(`the model has ${outputs.length} outputs`);
  return outputs[0]!;
}

/** @throws Error where inference said what is not so */
export function checkFacts(
  name: string,
  actual: Tensor,
  facts: ReturnType<Inference['facts']>,
): void {
  const dims = facts.dims?.map((size, axis) =>
    typeof size === 'number' ? size : actual.dims[axis],
  );
  if (dims !== undefined && dims.join() !== actual.dims.join()) {
    throw new Error(`${name}: inferred ${dims.join('x')}, is ${actual.dims.join('x')}`);
  }
  if (facts.type !== undefined && facts.type !== actual.type) {
    throw new Error(`${name}: inferred ${facts.type}, is ${actual.type}`);
  }
}
