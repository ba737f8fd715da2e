import type { FloatArray } from '../backend/backend.js';
import type { Evaluation, RepeatedRun, RunTensor } from './operator.js';
import { othersConstant, runRepeatable } from './repeatable.js';

/** Rows that are normalised, each by its own statistics: `parts` runs of `plane` elements. */
export interface NormalRows {
  readonly rows: number;
  readonly parts: number;
  readonly plane: number;
  readonly epsilon: number;
  /** The number of channels after which scale and bias repeat: `parts`, or a multiple. */
  readonly channels: number;
  /** Each element applies to channels / length neighbouring channels. No bias means zeros. */
  readonly scale: FloatArray;
  readonly bias: FloatArray | undefined;
}

/** Normalises input 0 on the backend; undefined where the operator's own loop must run. */
export function normaliseRows(
  call: Evaluation,
  inputs: readonly (RunTensor | undefined)[],
  { channels, scale: scales, bias: biases, ...rest }: NormalRows,
): RunTensor | undefined {
  const { backend, threads } = call;
  const { type, dims, data } = inputs[0]!;
  if (backend.normalise === undefined || !(data instanceof Float32Array)) return undefined;
  if (data.length === 0 || scales instanceof Float64Array || biases instanceof Float64Array) {
    return undefined;
  }
  const scale = spread(scales, channels);
  const bias = biases === undefined ? new Float32Array(channels) : spread(biases, channels);
  const run: RepeatedRun = (from, _, to) => {
    const [x, y] = [from as Float32Array, to as Float32Array];
    backend.normalise!({ x, y, scale, bias, ...rest, threads });
  };
  const how = { type, dims, layout: undefined, run };
  return runRepeatable(call, data, how, othersConstant(call, inputs));
}

/** Repeats each number for neighbouring channels, so that there are `channels`. */
function spread(values: Float32Array, channels: number): Float32Array {
  if (values.length === channels) return values;
  const each = channels / values.length;
  return Float32Array.from({ length: channels }, (_, c) => values[Math.floor(c / each)]!);
}
