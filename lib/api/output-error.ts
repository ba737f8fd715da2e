import { numbersOf, toRunTensor } from '../ops/run-tensor.js';
import { sameDims } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** The differences between the outputs of two models, over all inputs that they ran on. */
export interface OutputError {
  /** The largest ||actual - expected|| / ||expected|| of any output. */
  readonly relL2: number;
  /** The largest difference of two elements, over all outputs. */
  readonly maxAbs: number;
  /**
   * Share of rows whose largest element is at the same index, over outputs that look like logits:
   * [N, C] or [N, C, 1, 1]. undefined where there are none.
   */
  readonly top1Agreement: number | undefined;
}

interface Sums {
  squares: number;
  norm: number;
}

/** Accumulates the differences of several runs. String outputs are ignored. */
export class ErrorMeter {
  readonly #sums = new Map<string, Sums>();
  #maxAbs = 0;
  #rows = 0;
  #agreeing = 0;

  add(expected: Readonly<Record<string, Tensor>>, actual: Readonly<Record<string, Tensor>>): void {
    for (const [name, tensor] of Object.entries(expected)) {
      if (tensor.type === 'string') continue;
      const sums = this.#sums.get(name) ?? { squares: 0, norm: 0 };
      this.#sums.set(name, sums);
      this.#addOutput(sums, tensor, actual[name]!);
    }
  }

  result(): OutputError {
    const relative = [...this.#sums.values()].map(({ squares, norm }) =>
      squares === 0 ? 0 : Math.sqrt(squares / norm),
    );
    return {
      relL2: Math.max(0, ...relative),
      maxAbs: this.#maxAbs,
      top1Agreement: this.#rows === 0 ? undefined : this.#agreeing / this.#rows,
    };
  }

  #addOutput(sums: Sums, expected: Tensor, actual: Tensor): void {
    const a = numbersIn(expected);
    const b = numbersIn(actual);
    // Outputs whose size depends on the data (a list of boxes) may differ in size.
    if (!sameDims(expected.dims, actual.dims)) {
      sums.squares = this.#maxAbs = Infinity;
      return;
    }
    for (let i = 0; i < a.length; i++) {
      const [x, y] = [a[i]!, b[i]!];
      if (Number.isFinite(x)) sums.norm += x * x;
      if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
      const difference = Math.abs(x - y);
      // NaN or infinity on one side only counts as an infinite difference.
      const size = Number.isNaN(difference) ? Infinity : difference;
      sums.squares += size * size;
      this.#maxAbs = Math.max(this.#maxAbs, size);
    }
    const classes = classesOf(expected.dims);
    if (classes === undefined) return;
    for (let at = 0; at < a.length; at += classes) {
      this.#rows += 1;
      if (largest(a, at, classes) === largest(b, at, classes)) this.#agreeing += 1;
    }
  }
}

function numbersIn(tensor: Tensor): ArrayLike<number> {
  const { data } = toRunTensor(tensor, 'float64');
  return data instanceof BigInt64Array || data instanceof BigUint64Array
    ? numbersOf({ data })
    : (data as Float64Array);
}

/** The number of classes of an output that looks like logits, else undefined. */
function classesOf(dims: readonly number[]): number | undefined {
  const classes = dims[1];
  const flat = classes !== undefined && classes > 1 && dims.slice(2).every((size) => size === 1);
  return flat ? classes : undefined;
}

function largest(data: ArrayLike<number>, start: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (data[start + i]! > data[start + best]!) best = i;
  return best;
}
