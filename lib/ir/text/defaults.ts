import type { NodeStatement } from './syntax.js';
import type { Value } from '../value.js';

/**
 * Shapes for names that a text does not declare: 4 channels (or two a group), 3x3 kernels and 8x8
 * images, unless neighbours imply others. They keep texts short; where a shape matters, the text
 * declares it.
 */
export class TextDefaults {
  /** Channels of node outputs, as far as they follow from weights. */
  readonly #channels = new Map<Value, number>();

  /**
   * The dims of an undefined input of a node, and whether it is a parameter (a constant) or an
   * input of the model. `known` are the node's inputs, as far as they are defined.
   */
  missing(
    statement: NodeStatement,
    index: number,
    known: readonly (Value | undefined)[],
  ): { readonly dims: readonly number[]; readonly parameter: boolean } {
    const { opType } = statement;
    const first = PARAMETERS.get(opType);
    const shapes = this.#shapes(statement, known);
    const parameter = first !== undefined && index >= first;
    return { dims: shapes[index] ?? shapes[0]!, parameter };
  }

  /** Notes the number of channels of a node's output. */
  note(statement: NodeStatement, inputs: readonly (Value | undefined)[], output: Value): void {
    const { opType } = statement;
    const weight = inputs[1];
    const dims = weight && staticDims(weight);
    let channels = this.#channelsOf(inputs.find((value) => value !== undefined));
    if (dims !== undefined) {
      if (opType === 'Conv') channels = dims[0];
      if (opType === 'ConvTranspose') channels = dims[1]! * intAttribute(statement, 'group', 1);
      if (opType === 'MatMul') channels = dims.at(-1);
      if (opType === 'Gemm') channels = dims[intAttribute(statement, 'transB', 0) === 0 ? 1 : 0];
    }
    if (channels !== undefined) this.#channels.set(output, channels);
  }

  /** Default dims of every input of a node. */
  #shapes(statement: NodeStatement, known: readonly (Value | undefined)[]): number[][] {
    const [x, weight, bias] = known;
    const dims = weight && staticDims(weight);
    switch (statement.opType) {
      case 'Conv':
      case 'ConvTranspose': {
        const transposed = statement.opType === 'ConvTranspose';
        const group = intAttribute(statement, 'group', 1);
        const kernel = dims?.slice(2) ?? intsAttribute(statement, 'kernel_shape') ?? [3, 3];
        const base = 4 % group === 0 ? 4 : 2 * group;
        let inner = this.#channelsOf(x) ?? base;
        let outer = (bias && staticDims(bias)?.[0]) ?? base;
        if (dims !== undefined) {
          inner = transposed ? dims[0]! : dims[1]! * group;
          outer = transposed ? dims[1]! * group : dims[0]!;
        }
        const w = transposed ? [inner, outer / group] : [outer, inner / group];
        return [[1, inner, ...kernel.map(() => 8)], [...w, ...kernel], [outer]];
      }
      case 'MatMul':
      case 'Gemm': {
        const transA = intAttribute(statement, 'transA', 0) !== 0;
        const transB = intAttribute(statement, 'transB', 0) !== 0;
        const k = dims?.at(transB ? -1 : -2) ?? this.#channelsOf(x) ?? 4;
        const n = dims?.at(transB ? -2 : -1) ?? 4;
        return [transA ? [k, 2] : [2, k], transB ? [n, k] : [k, n], [n]];
      }
      default: {
        const channels = this.#channelsOf(x) ?? this.#channelsOf(weight) ?? 4;
        const image = [1, channels, 8, 8];
        if (statement.opType === 'PRelu') return [image, [channels, 1, 1]];
        if (statement.opType !== 'BatchNormalization') return [image];
        const vector = [channels];
        return [image, vector, vector, vector, vector];
      }
    }
  }

  #channelsOf(value: Value | undefined): number | undefined {
    if (value === undefined) return undefined;
    const dims = value.initializer?.dims ?? value.declaration?.dims;
    const declared = dims?.length === 1 ? dims[0] : dims?.[1];
    return typeof declared === 'number' ? declared : this.#channels.get(value);
  }
}

/** The first input that is a parameter, for operators that have any. */
const PARAMETERS: ReadonlyMap<string, number> = new Map([
  ['Conv', 1],
  ['ConvTranspose', 1],
  ['Gemm', 1],
  ['MatMul', 1],
  ['BatchNormalization', 1],
  ['PRelu', 1],
]);

function staticDims(value: Value): readonly number[] | undefined {
  const dims = value.initializer?.dims ?? value.declaration?.dims;
  return dims?.every((dim) => typeof dim === 'number') === true ? dims : undefined;
}

function intAttribute(statement: NodeStatement, name: string, otherwise: number): number {
  const found = statement.attributes.find((attribute) => attribute.name === name);
  return found?.kind === 'int' ? found.value : otherwise;
}

function intsAttribute(statement: NodeStatement, name: string): readonly number[] | undefined {
  const found = statement.attributes.find((attribute) => attribute.name === name);
  return found?.kind === 'ints' ? found.value : undefined;
}
