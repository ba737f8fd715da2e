// Layers as plain loops over every output, for tests that compare a fold with what it replaces.

export interface PlainConv {
  readonly weight: ArrayLike<number>;
  readonly bias?: ArrayLike<number> | undefined;
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly groups: number;
  /** Elements of one kernel; the layer is applied at a single place where all taps are seen. */
  readonly taps: number;
  readonly transposed: boolean;
}

/** One output position that sees all taps: y[m] = sum over i, tap of W * x[i, tap] + b[m]. */
export function plainConv(conv: PlainConv, x: ArrayLike<number>): Float64Array {
  const { inputChannels, outputChannels, groups, taps, transposed } = conv;
  const inputs = inputChannels / groups;
  const outputs = outputChannels / groups;
  return Float64Array.from({ length: outputChannels }, (_, m) => {
    let sum = conv.bias?.[m] ?? 0;
    const group = Math.floor(m / outputs);
    for (let i = 0; i < inputs; i++) {
      for (let tap = 0; tap < taps; tap++) {
        const channel = group * inputs + i;
        const at = transposed
          ? (channel * outputs + (m % outputs)) * taps + tap
          : (m * inputs + i) * taps + tap;
        sum += conv.weight[at]! * x[channel * taps + tap]!;
      }
    }
    return sum;
  });
}

/** gamma * (y - mean) / sqrt(variance + epsilon) + beta, as textbooks write it. */
export function plainBatchNorm(
  y: number,
  gamma: number,
  beta: number,
  mean: number,
  variance: number,
  epsilon: number,
): number {
  return (gamma * (y - mean)) / Math.sqrt(variance + epsilon) + beta;
}
