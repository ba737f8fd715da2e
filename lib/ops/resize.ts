// Resize and its predecessor Upsample.

import type { Node } from '../ir/node.js';
import type { Dim } from '../ir/value.js';
import { elementCount } from '../tensor/shape.js';
import { constantNumbers, knownDims, typeOnly } from './facts.js';
import type { Evaluation, Operator, RunTensor, ValueFacts } from './operator.js';
import { othersConstant } from './repeatable.js';
import { resample } from './resample.js';
import { numbersOf, required } from './run-tensor.js';
import { axisOf, nodeError, operator } from './schema.js';
import { coordinateOf, samplingOf, type Crop } from './sampling.js';

/** Scales and sizes of all axes; exactly one of them is given. */
interface Target {
  readonly scales: readonly number[] | undefined;
  readonly sizes: readonly number[] | undefined;
}

/** Indices of the scales and sizes inputs. */
function places(node: Node): readonly [number, number] {
  return node.opType === 'Resize' && node.opset >= 11 ? [2, 3] : [1, 4];
}

/** Extends a list for some axes (opset 18) to all axes. */
function overAxes(
  node: Node,
  list: readonly number[] | undefined,
  rest: readonly number[],
): readonly number[] | undefined {
  const axes = node.attribute('axes', 'ints');
  if (list === undefined || list.length === 0) return undefined;
  const named = axes?.map((axis) => axisOf(node, axis, rest.length));
  if ((named?.length ?? rest.length) !== list.length) {
    throw nodeError(node, 'ERR_MODEL', `${list.length} scales or sizes for rank ${rest.length}`);
  }
  if (named === undefined) return list;
  return rest.map((value, axis) => (named.includes(axis) ? list[named.indexOf(axis)]! : value));
}

/** Output sizes, and the scale of each axis that coordinates are computed with. */
function resolve(
  node: Node,
  dims: readonly number[],
  target: Target,
): { readonly dims: number[]; readonly scales: number[] } {
  const ones = dims.map(() => 1);
  const scales = overAxes(node, target.scales, ones);
  const sizes = overAxes(node, target.sizes, dims);
  if (scales !== undefined) {
    if (scales.some((scale) => !(scale > 0))) {
      throw nodeError(node, 'ERR_MODEL', 'a scale is not positive');
    }
    // In float32, as in other engines: 10 * 0.7 is 7 there, and a little less in double.
    const out = dims.map((size, axis) => Math.floor(Math.fround(size * scales[axis]!)));
    return { dims: out, scales: [...scales] };
  }
  if (sizes === undefined) throw nodeError(node, 'ERR_MODEL', 'neither scales nor sizes are given');
  const policy = node.attribute('keep_aspect_ratio_policy', 'string') ?? 'stretch';
  if (policy === 'stretch') {
    return { dims: [...sizes], scales: dims.map((size, axis) => Math.fround(sizes[axis]! / size)) };
  }
  if (policy !== 'not_larger' && policy !== 'not_smaller') {
    throw nodeError(node, 'ERR_MODEL', `keep_aspect_ratio_policy ${policy} is not known`);
  }
  const axes = node.attribute('axes', 'ints')?.map((axis) => axisOf(node, axis, dims.length));
  const chosen = axes ?? dims.map((_, axis) => axis);
  const ratios = chosen.map((axis) => Math.fround(sizes[axis]! / dims[axis]!));
  const ratio = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return {
    dims: dims.map((size, axis) => (chosen.includes(axis) ? Math.round(ratio * size) : size)),
    scales: dims.map((_, axis) => (chosen.includes(axis) ? ratio : 1)),
  };
}

function resize(opType: string): Operator {
  return operator(opType, {
    since: opType === 'Resize' ? 10 : 7,
    inputs: [1, 4],
    infer(node, inputs): ValueFacts[] {
      const [x] = inputs;
      const [scalesAt, sizesAt] = places(node);
      const dims = x?.dims;
      const scales = constantNumbers(inputs[scalesAt]) ?? node.attribute('scales', 'floats');
      const sizes = constantNumbers(inputs[sizesAt]);
      if (dims === undefined || (!scales?.length && !sizes?.length)) {
        return [
          dims === undefined ? typeOnly(x) : { type: x?.type, dims: dims.map(() => undefined) },
        ];
      }
      // Axis by axis, so that an unknown batch does not hide the rest.
      const known = dims.map((size) => (typeof size === 'number' ? size : 1));
      const out = resolve(node, known, { scales, sizes });
      const kept = (axis: number): Dim => (out.scales[axis] === 1 ? dims[axis] : undefined);
      return [
        {
          type: x?.type,
          dims: out.dims.map((size, axis) =>
            typeof dims[axis] === 'number' ? size : (sizes?.length ?? 0) > 0 ? size : kept(axis),
          ),
        },
      ];
    },
    evaluate: (call, inputs) => [evaluateResize(call, inputs)],
  });
}

/** Whether a node is known to resize the planes of N x C x H x W, and nothing else. */
export function resizesPlanes(node: Node, inputs: readonly (ValueFacts | undefined)[]): boolean {
  const dims = inputs[0] && knownDims(inputs[0]);
  const lists = places(node);
  const known = lists.every(
    (at) => node.optionalInput(at) === undefined || constantNumbers(inputs[at]) !== undefined,
  );
  const [scales, sizes] = lists.map((at) => constantNumbers(inputs[at]));
  const target = { scales: scales ?? node.attribute('scales', 'floats'), sizes };
  if (!known || dims?.length !== 4 || isCropped(node)) return false;
  if (!target.scales?.length && !target.sizes?.length) return false;
  const to = resolve(node, dims, target);
  const kept = dims.map((size, axis) => to.dims[axis] === size && to.scales[axis] === 1);
  return kept[0]! && kept[1]! && !(kept[2]! && kept[3]!);
}

function evaluateResize(call: Evaluation, inputs: readonly (RunTensor | undefined)[]): RunTensor {
  const { node } = call;
  const x = required(node, inputs, 0);
  const [scalesAt, sizesAt] = places(node);
  const scales = inputs[scalesAt] && numbersOf(inputs[scalesAt]);
  const sizes = inputs[sizesAt] && numbersOf(inputs[sizesAt]);
  const target = resolve(node, x.dims, {
    scales: scales ?? node.attribute('scales', 'floats'),
    sizes,
  });
  const to = { ...target, constant: othersConstant(call, inputs) };
  if (!isCropped(node)) return resample(call, x, to, samplingOf(node));
  const crop = cropOf(node, inputs[1], x.dims.length);
  const y = resample(call, x, { ...to, cropped: true }, samplingOf(node, crop));
  fillOutside(node, crop, x.dims, target, y);
  return y;
}

function isCropped(node: Node): boolean {
  const mode =
    node.opset < 11 ? undefined : node.attribute('coordinate_transformation_mode', 'string');
  return node.opType === 'Resize' && mode === 'tf_crop_and_resize';
}

/** Reads input 1: the beginnings of all axes, then their ends. */
function cropOf(node: Node, roi: RunTensor | undefined, rank: number): Crop {
  const values = roi === undefined ? [] : numbersOf(roi);
  if (values.length % 2 !== 0)
    throw nodeError(node, 'ERR_MODEL', `roi has ${values.length} numbers`);
  const starts = overAxes(
    node,
    values.slice(0, values.length / 2),
    new Array<number>(rank).fill(0),
  );
  const ends = overAxes(node, values.slice(values.length / 2), new Array<number>(rank).fill(1));
  if (starts === undefined || ends === undefined)
    throw nodeError(node, 'ERR_MODEL', 'roi is missing');
  return (axis) => [starts[axis]!, ends[axis]!];
}

/** Sets elements that would be sampled outside the input to extrapolation_value. */
function fillOutside(
  node: Node,
  crop: Crop,
  from: readonly number[],
  { dims, scales }: { readonly dims: readonly number[]; readonly scales: readonly number[] },
  y: RunTensor,
): void {
  const place = coordinateOf(node, crop);
  const value = node.attribute('extrapolation_value', 'float') ?? 0;
  const data = y.data as Float32Array;
  for (const [axis, out] of dims.entries()) {
    const inner = elementCount(dims.slice(axis + 1));
    for (let at = 0; at < out; at++) {
      const x = place(at, from[axis]!, out, scales[axis]!, axis);
      if (x >= 0 && x <= from[axis]! - 1) continue;
      for (let i = at * inner; i < data.length; i += out * inner) data.fill(value, i, i + inner);
    }
  }
}

export const resizes: readonly Operator[] = [resize('Resize'), resize('Upsample')];
