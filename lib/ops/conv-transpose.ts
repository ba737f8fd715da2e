import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { dilatedExtent } from '../tensor/window.js';
import { checkChannels, runConvolution, type Geometry } from './conv.js';
import { countOf, knownDims, typeOnly } from './facts.js';
import type { ValueFacts } from './operator.js';
import { required } from './run-tensor.js';
import { nodeError, operator } from './schema.js';
import { windowOf, withLabel } from './window.js';

interface Resolved {
  readonly geometry: Geometry;
  /** By spatial axis: leading pads, and sizes of the output. */
  readonly padBegin: readonly number[];
  readonly output: readonly number[];
}

/**
 * Geometry with explicit pads. Where output_shape or auto_pad is given, the pads follow from
 * total = stride * (in - 1) + output_padding + extent - out (ONNX ConvTranspose); a negative total
 * becomes output padding.
 *
 * @throws ConvfuseError ERR_MODEL, ERR_UNSUPPORTED
 */
export function transposedGeometry(
  node: Node,
  x: readonly number[],
  w: readonly number[],
): Resolved {
  const groups = node.attribute('group', 'int') ?? 1;
  checkChannels(node, x, w, w[0]!);
  if (groups < 1 || w[0]! % groups !== 0) {
    throw nodeError(
      node,
      'ERR_MODEL',
      `${w[0]} input channels do not divide into ${groups} groups`,
    );
  }
  const window = windowOf(node, w.slice(2));
  const rank = window.kernel.length;
  const extra = node.attribute('output_padding', 'ints') ?? new Array<number>(rank).fill(0);
  const shape = node.attribute('output_shape', 'ints')?.slice(-rank);
  if (extra.length !== rank || (shape !== undefined && shape.length !== rank)) {
    throw nodeError(node, 'ERR_MODEL', `expected ${rank} sizes in output_padding and output_shape`);
  }
  const { padding } = window;
  const begin: number[] = [];
  const end: number[] = [];
  const outputPadding: number[] = [];
  const output: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const stride = window.strides[axis]!;
    const extent = dilatedExtent(window.kernel[axis]!, window.dilations[axis]!);
    const full = stride * (x[axis + 2]! - 1) + extra[axis]! + extent;
    const same = padding === 'same-upper' || padding === 'same-lower';
    const wanted = shape?.[axis] ?? (same ? x[axis + 2]! * stride : undefined);
    if (wanted === undefined) {
      begin.push(typeof padding === 'string' ? 0 : padding.begin[axis]!);
      end.push(typeof padding === 'string' ? 0 : padding.end[axis]!);
      outputPadding.push(extra[axis]!);
      output.push(full - begin[axis]! - end[axis]!);
      continue;
    }
    const total = Math.max(0, full - wanted);
    const small = total >> 1;
    begin.push(padding === 'same-upper' ? small : total - small);
    end.push(total - begin[axis]!);
    outputPadding.push(extra[axis]! + Math.max(0, wanted - full));
    output.push(wanted);
  }
  const geometry: Geometry = {
    inputChannels: w[0]!,
    outputChannels: w[1]! * groups,
    groups,
    window: { ...window, padding: { begin, end } },
    transposed: { outputPadding },
  };
  return { geometry, padBegin: begin, output };
}

export const convTranspose = operator('ConvTranspose', {
  inputs: [2, 3],
  takesEpilogue: 'all',
  infer(node, [x, w]): ValueFacts[] {
    const weights = knownDims(w);
    if (x?.dims === undefined || weights === undefined) return [typeOnly(x)];
    const { dims } = x;
    return withLabel(node, () => {
      const spatial = dims.slice(2);
      // Unknown sizes are replaced by 1: output channels and batch do not depend on them.
      const standIn = [
        1,
        weights[0]!,
        ...spatial.map((size) => (typeof size === 'number' ? size : 1)),
      ];
      const { geometry, output } = transposedGeometry(node, standIn, weights);
      const out: Dim[] = output.map((size, axis) =>
        typeof spatial[axis] === 'number' ? size : undefined,
      );
      return [{ type: x.type, dims: [dims[0], geometry.outputChannels, ...out] }];
    });
  },
  macs(_node, [x, w]) {
    const weights = knownDims(w) ?? [];
    return countOf(x) * weights.slice(1).reduce((product, size) => product * size, 1);
  },
  evaluate(call, inputs) {
    const x = required(call.node, inputs, 0);
    const w = required(call.node, inputs, 1);
    return withLabel(call.node, () => {
      const { geometry } = transposedGeometry(call.node, x.dims, w.dims);
      const pads = JSON.stringify([geometry.window.padding, geometry.transposed]);
      return runConvolution(call, inputs, () => geometry, pads);
    });
  },
});
