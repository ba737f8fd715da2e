import { ConvfuseError } from '../errors.js';
import type { Dim } from '../ir/value.js';
import { dimsText, elementCount, stridesOf } from '../tensor/shape.js';

/**
 * Dimensions of a multidirectional broadcast, aligned at the last axis (ONNX Broadcasting.md).
 *
 * @throws ConvfuseError ERR_ARGUMENT when two known dimensions do not fit
 */
export function broadcastDims(a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length);
  const out: Dim[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = axis < rank - a.length ? 1 : a[axis - rank + a.length];
    const right = axis < rank - b.length ? 1 : b[axis - rank + b.length];
    out.push(broadcastDim(left, right, a, b));
  }
  return out;
}

function broadcastDim(left: Dim, right: Dim, a: readonly Dim[], b: readonly Dim[]): Dim {
  if (left === right) return left;
  if (left === 1) return right;
  if (right === 1) return left;
  if (typeof left === 'number' && typeof right === 'number') {
    throw new ConvfuseError(
      'ERR_ARGUMENT',
      `expected dimensions that broadcast, received ${dimsText(a)} and ${dimsText(b)}`,
    );
  }
  // An unknown size is 1 or equal to the known one, which is not 1 here.
  if (typeof left === 'number') return left;
  if (typeof right === 'number') return right;
  return undefined;
}

/** broadcastDims() for any number of known shapes. */
export function broadcastShapes(shapes: readonly (readonly number[])[]): number[] {
  return shapes.reduce<readonly Dim[]>((sum, dims) => broadcastDims(sum, dims), []) as number[];
}

/**
 * The elements of broadcast operands, as runs: within a run of `length` output elements each
 * operand advances by its step, 1 or 0.
 */
export interface Runs {
  readonly length: number;
  readonly count: number;
  readonly steps: readonly number[];
  /** offsets[operand][run]: first element of the operand in that run. */
  readonly offsets: readonly Int32Array[];
}

/** Cuts a broadcast of `shapes` to `out` into the longest runs in which all steps are constant. */
export function runsOf(out: readonly number[], shapes: readonly (readonly number[])[]): Runs {
  const strides = shapes.map((dims) => broadcastStrides(dims, out));
  const total = elementCount(out);
  const steps = shapes.map(() => 0);
  const settled = shapes.map(() => false);
  let length = 1;
  let axis = out.length;
  // Merges axes from the last one on while every operand stays contiguous or constant.
  while (axis > 0) {
    const size = out[axis - 1]!;
    if (size !== 1) {
      const fits = strides.every((stride, i) => {
        const step = stride[axis - 1]!;
        return !settled[i]! || (steps[i] === 0 ? step === 0 : step === length);
      });
      if (!fits) break;
      if (length === 1) {
        strides.forEach((stride, i) => {
          steps[i] = stride[axis - 1] === 0 ? 0 : 1;
          settled[i] = true;
        });
      }
      length *= size;
    }
    axis -= 1;
  }
  const count = total === 0 ? 0 : total / length;
  const outer = out.slice(0, axis);
  return {
    length,
    count,
    steps,
    offsets: strides.map((stride) => outerOffsets(outer, stride, count)),
  };
}

/** Strides of an operand over the output's axes: 0 where it is repeated. */
export function broadcastStrides(dims: readonly number[], out: readonly number[]): number[] {
  const own = stridesOf(dims);
  const shift = out.length - dims.length;
  return out.map((_, axis) => (axis < shift || dims[axis - shift] === 1 ? 0 : own[axis - shift]!));
}

/** Offset of every index of `outer`, in row-major order, under the strides. */
export function outerOffsets(
  outer: readonly number[],
  strides: readonly number[],
  count: number,
): Int32Array {
  const offsets = new Int32Array(count);
  const index = outer.map(() => 0);
  let offset = 0;
  for (let run = 0; run < count; run++) {
    offsets[run] = offset;
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      offset += strides[axis]!;
      if (++index[axis]! < outer[axis]!) break;
      offset -= strides[axis]! * outer[axis]!;
      index[axis] = 0;
    }
  }
  return offsets;
}
