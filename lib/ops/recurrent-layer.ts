// The tensors of an RNN, GRU or LSTM: directions, layouts, shapes.

import type { FloatArray } from '../backend/backend.js';
import type { Node } from '../ir/node.js';
import { dimsText, sameDims } from '../tensor/shape.js';
import { gateFunctions, type GateFunction } from './gate-activations.js';
import type { Evaluation, RunTensor } from './operator.js';
import { floatArray, floatsOf, numbersOf, required } from './run-tensor.js';
import { nodeError } from './schema.js';

/** One direction of a layer, for B sequences, hidden size H and G gates. */
export interface Direction {
  readonly call: Evaluation;
  readonly batch: number;
  readonly hidden: number;
  /** [rows of X, G, H]: X . W^T + Wb, plus Rb unless the cell adds that itself. */
  readonly gates: FloatArray;
  /** [G, H, H] */
  readonly recurrence: FloatArray;
  /** Rb: [G, H]. */
  readonly bias: FloatArray | undefined;
  /** [3, H] */
  readonly peepholes: FloatArray | undefined;
  readonly functions: readonly GateFunction[];
  readonly clip: GateFunction;
  /** [B, H] each: the hidden state, and that of an LSTM's cell. */
  readonly h: FloatArray;
  readonly c: FloatArray;
}

/**
 * Advances the states by one element of each sequence b: row[b] is its row of the gates, negative
 * where the sequence has ended.
 */
export type Advance = (row: Int32Array) => void;

export interface Cell {
  readonly gates: number;
  /** Default functions. */
  readonly functions: readonly string[];
  /** Whether the cell adds the recurrent bias itself, instead of having it added to the gates. */
  ownBias?(node: Node): boolean;
  /** Returns the arithmetic of one time step. */
  advance(direction: Direction): Advance;
}

/** Whether each direction runs backwards. @throws ConvfuseError ERR_MODEL */
export function directionsOf(node: Node): readonly boolean[] {
  const direction = node.attribute('direction', 'string') ?? 'forward';
  switch (direction.toLowerCase()) {
    case 'forward':
      return [false];
    case 'reverse':
      return [true];
    case 'bidirectional':
      return [false, true];
    default:
      throw nodeError(node, 'ERR_MODEL', `direction is ${JSON.stringify(direction)}`);
  }
}

/** C += A . B^T */
export function addProduct(
  { backend }: Evaluation,
  a: FloatArray,
  b: FloatArray,
  c: FloatArray,
  [m, n, k]: readonly [number, number, number],
): void {
  if (m * n * k === 0) return;
  backend.gemm({ a, b, c, m, n, k, transA: false, transB: true, alpha: 1, beta: 1 });
}

/** A zeroed array of the same kind as the states. */
export function scratch({ h }: Direction, count: number): FloatArray {
  return h instanceof Float64Array ? new Float64Array(count) : new Float32Array(count);
}

/** The tensors of a layer, with checked shapes. */
export class Layer {
  readonly reverse: readonly boolean[];
  readonly steps: number;
  readonly batch: number;
  readonly size: number;
  readonly hidden: number;
  readonly functions: readonly GateFunction[];
  readonly #call: Evaluation;
  readonly #cell: Cell;
  readonly #inputs: readonly (RunTensor | undefined)[];
  readonly #byImage: boolean;

  constructor(call: Evaluation, inputs: readonly (RunTensor | undefined)[], cell: Cell) {
    const { node } = call;
    const { dims } = required(node, inputs, 0);
    const r = required(node, inputs, 2).dims;
    if (dims.length !== 3 || r.length !== 3) throw nodeError(node, 'ERR_MODEL', 'X or R is not 3d');
    this.#call = call;
    this.#cell = cell;
    this.#inputs = inputs;
    this.#byImage = node.attribute('layout', 'int') === 1;
    this.reverse = directionsOf(node);
    [this.steps, this.batch] = this.#byImage ? [dims[1]!, dims[0]!] : [dims[0]!, dims[1]!];
    this.size = dims[2]!;
    this.hidden = node.attribute('hidden_size', 'int') ?? r[2]!;
    this.functions = gateFunctions(node, cell.functions, this.reverse.length);
    const [d, rows] = [this.reverse.length, cell.gates * this.hidden];
    this.#expect(1, [d, rows, this.size]);
    this.#expect(2, [d, rows, this.hidden]);
    this.#expect(3, [d, 2 * rows]);
    this.#expect(4, [this.batch]);
    this.#expect(5, this.stateDims);
    this.#expect(6, this.stateDims);
    this.#expect(7, [d, 3 * this.hidden]);
  }

  get stateDims(): number[] {
    const [d, batch] = [this.reverse.length, this.batch];
    return [...(this.#byImage ? [batch, d] : [d, batch]), this.hidden];
  }

  get outputDims(): number[] {
    const [d, steps, batch] = [this.reverse.length, this.steps, this.batch];
    return [...(this.#byImage ? [batch, steps, d] : [steps, d, batch]), this.hidden];
  }

  #expect(index: number, dims: readonly number[]): void {
    const found = this.#inputs[index]?.dims;
    if (found === undefined || sameDims(found, dims)) return;
    const text = `input ${index} is ${dimsText(found)}, not ${dimsText(dims)}`;
    throw nodeError(this.#call.node, 'ERR_MODEL', text);
  }

  /** The length of each sequence. @throws ConvfuseError ERR_MODEL */
  lengths(): number[] {
    const given = this.#inputs[4];
    if (given === undefined) return new Array<number>(this.batch).fill(this.steps);
    return numbersOf(given).map((length) => {
      if (length >= 0 && length <= this.steps) return length;
      throw nodeError(
        this.#call.node,
        'ERR_MODEL',
        `expected lengths from 0 to ${this.steps}, received ${length}`,
      );
    });
  }

  /** The row of X of one element of a sequence. */
  row(step: number, image: number): number {
    return this.#byImage ? image * this.steps + step : step * this.batch + image;
  }

  /** Offset of the H numbers of a sequence in the states. */
  stateAt(d: number, image: number): number {
    const at = this.#byImage ? image * this.reverse.length + d : d * this.batch + image;
    return at * this.hidden;
  }

  outputAt(d: number, step: number, image: number): number {
    const count = this.reverse.length;
    if (this.#byImage) return ((image * this.steps + step) * count + d) * this.hidden;
    return ((step * count + d) * this.batch + image) * this.hidden;
  }

  #part(index: number, d: number): FloatArray | undefined {
    const tensor = this.#inputs[index];
    if (tensor === undefined) return undefined;
    const data = floatsOf(this.#call.node, tensor);
    const size = data.length / this.reverse.length;
    return data.subarray(d * size, (d + 1) * size);
  }

  #state(index: number, d: number): FloatArray {
    const [x, given] = [this.#inputs[0]!, this.#inputs[index]];
    const state = floatArray(x.type, this.#call.arithmetic, this.batch * this.hidden);
    if (given === undefined) return state;
    const data = floatsOf(this.#call.node, given);
    for (let b = 0; b < this.batch; b++) {
      const from = this.stateAt(d, b);
      state.set(data.subarray(from, from + this.hidden), b * this.hidden);
    }
    return state;
  }

  direction(d: number): Direction {
    const { hidden, batch, steps, functions } = this;
    const { node } = this.#call;
    const x = this.#inputs[0]!;
    const width = this.#cell.gates * hidden;
    const biases = this.#part(3, d);
    const bias = biases?.subarray(width);
    const own = this.#cell.ownBias?.(node) === true;
    const start = biases?.slice(0, width);
    if (!own) for (let i = 0; i < width && start; i++) start[i]! += bias![i]!;
    const rows = steps * batch;
    const gates = floatArray(x.type, this.#call.arithmetic, rows * width);
    if (start !== undefined) for (let row = 0; row < rows; row++) gates.set(start, row * width);
    addProduct(this.#call, floatsOf(node, x), this.#part(1, d)!, gates, [rows, width, this.size]);
    const clip = node.attribute('clip', 'float');
    const each = functions.length / this.reverse.length;
    return {
      ...{ call: this.#call, batch, hidden, gates, recurrence: this.#part(2, d)!, bias },
      peepholes: this.#part(7, d),
      functions: functions.slice(d * each, (d + 1) * each),
      clip: clip ? (value) => Math.max(-clip, Math.min(clip, value)) : (value) => value,
      h: this.#state(5, d),
      c: this.#state(6, d),
    };
  }
}
