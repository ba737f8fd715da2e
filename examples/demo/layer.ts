// The classic experiment: one convolution and its batch norm, apart and fused.

import { backend, batchNormMatrix, fuseConvBn, FusedConv2d } from 'convfuse';

import { oracle, outputSize, relativeL2, type Layer } from './oracle.js';
import { normals } from './random.js';

const LAYER: Layer = {
  batch: 16,
  channels: 3,
  size: 256,
  outputs: 64,
  kernel: 7,
  stride: 2,
  pad: 3,
};

/** The fused result may be this far from the double-precision one, as relative L2 distance. */
const LIMIT = 3.0e-7;
const ROUNDS = 9;

export async function demoLayer(): Promise<void> {
  const { batch, channels, size, outputs, kernel, stride, pad } = LAYER;
  const x = tensor(normals(batch * channels * size * size, 1), [batch, channels, size, size]);
  const spread = Math.sqrt(2 / (channels * kernel * kernel));
  const weight = tensor(
    normals(outputs * channels * kernel * kernel, 2).map((value) => value * spread),
    [outputs, channels, kernel, kernel],
  );
  const statistics = {
    gamma: normals(outputs, 3).map((value) => 1 + 0.2 * value),
    beta: normals(outputs, 4),
    mean: normals(outputs, 5),
    variance: normals(outputs, 6).map((value) => 0.5 + value * value),
    eps: 1e-5,
  };
  const bn = {
    weight: statistics.gamma,
    bias: statistics.beta,
    runningMean: statistics.mean,
    runningVar: statistics.variance,
    eps: statistics.eps,
  };

  const window = { stride, padding: pad };
  const plain = new FusedConv2d({ weight, ...window });
  const fused = new FusedConv2d({ ...fuseConvBn({ weight }, bn), ...window });
  // The batch norm alone, as fast as it gets: a convolution of one tap for each channel.
  const { matrix, bias } = batchNormMatrix(bn);
  const diagonal = Float32Array.from(statistics.gamma, (_, c) =>
    Number(matrix.data[c * (outputs + 1)]),
  );
  const norm = new FusedConv2d({
    weight: tensor(diagonal, [outputs, 1, 1, 1]),
    bias,
    groups: outputs,
  });
  const out = outputSize(LAYER);
  const buffer = () =>
    tensor(new Float32Array(batch * outputs * out * out), [batch, outputs, out, out]);
  const [convolved, normalised, result] = [buffer(), buffer(), buffer()];
  const unfusedStep = () => norm.runSync(plain.runSync(x, { out: convolved }), { out: normalised });
  const fusedStep = () => fused.runSync(x, { out: result });
  const [unfusedTime, fusedTime] = medians([unfusedStep, fusedStep]);

  const { name, isa, threads } = backend();
  console.log(
    `convolution ${kernel}x${kernel}/${stride}, ${channels} -> ${outputs}, and batch norm`,
  );
  console.log(`${batch}x${channels}x${size}x${size} -> ${batch}x${outputs}x${out}x${out}`);
  console.log(`backend ${name} (${isa}), ${threads} threads; medians of ${ROUNDS} runs`);
  console.log('outputs go to memory that is used again: fresh pages cost more than the arithmetic');
  console.log();
  console.log(`unfused: ${unfusedTime!.toFixed(1)} ms`);
  console.log(`fused:   ${fusedTime!.toFixed(1)} ms`);

  // All of the result is compared, with double loops over the unfused formula.
  const expected = oracle(LAYER, x.data, weight.data, statistics);
  const error = relativeL2(fusedStep().data as Float32Array, expected);
  console.log(`error: ${error.toExponential(2)}`);
  if (!(error < LIMIT)) {
    console.log(`that is not under ${LIMIT.toExponential(1)}`);
    process.exitCode = 1;
  }
  for (const layer of [plain, norm, fused]) layer.dispose();
}

function tensor(data: Float32Array, dims: readonly number[]) {
  return { type: 'float32', data, dims } as const;
}

/** Median milliseconds of each step; they take turns, so that both meet the same machine. */
function medians(steps: readonly (() => unknown)[]): number[] {
  const times = steps.map(() => new Float64Array(ROUNDS));
  for (const step of steps) step();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, step] of steps.entries()) {
      const start = performance.now();
      step();
      times[index]![round] = performance.now() - start;
    }
  }
  return times.map((sample) => sample.sort()[ROUNDS >> 1]!);
}
