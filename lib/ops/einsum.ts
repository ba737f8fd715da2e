import type { Node } from '../ir/node.js';
import { allocate, isFloatType, type DataType } from '../tensor/dtype.js';
import { countToAllocate, elementCount, stridesOf } from '../tensor/shape.js';
import { outerOffsets } from './broadcast.js';
import { equationOf, sizesOf, type Equation } from './einsum-equation.js';
import { knownDims, typeOnly } from './facts.js';
import type { RunTensor, ValueFacts } from './operator.js';
import { ringOf, type Ring } from './ring.js';
import { required } from './run-tensor.js';
import { ANY, nodeError, operator, unsupportedType } from './schema.js';
import type { Elements } from './strided.js';

/** An operand, with strides by label. */
interface Labelled {
  readonly data: Elements;
  /** Strides by label; 0 or absent for a label that is broadcast or that the operand lacks. */
  readonly strides: ReadonlyMap<string, number>;
}

/** One product of two operands: the labels that its result has, and those it is summed over. */
interface Step {
  readonly kept: readonly string[];
  readonly summed: readonly string[];
}

/**
 * Multiplies operands from left to right, and sums each product over the labels that neither a
 * later operand nor the output has, so that only two operands are ever combined at once.
 */
function stepsOf({ operands, output }: Equation): Step[] {
  let kept: readonly string[] = [];
  const groups = [operands.slice(0, 2).flat(), ...operands.slice(2)];
  return groups.map((labels, i) => {
    const all = [...new Set([...kept, ...labels])];
    const later = new Set([...output, ...groups.slice(i + 1).flat()]);
    const last = i === groups.length - 1;
    kept = last ? output : all.filter((label) => later.has(label));
    const stays = new Set(kept);
    return { kept, summed: all.filter((label) => !stays.has(label)) };
  });
}

/**
 * The equation after each operand has been summed over the labels that nothing else has. Products
 * are then summed over labels of both operands only: 'i,j->' takes i + j additions, not i * j.
 */
function withoutOwn({ operands, output }: Equation): Equation {
  if (operands.length === 1) return { operands, output };
  const left = operands.map((labels, i) => {
    const others = new Set([...output, ...operands.toSpliced(i, 1).flat()]);
    return [...new Set(labels)].filter((label) => others.has(label));
  });
  return { operands: left, output };
}

function labelled(labels: readonly string[], dims: readonly number[], data: Elements): Labelled {
  const strides = new Map<string, number>();
  stridesOf(dims).forEach((stride, axis) => {
    const label = labels[axis]!;
    strides.set(label, (strides.get(label) ?? 0) + (dims[axis] === 1 ? 0 : stride));
  });
  return { data, strides };
}

/** out = sum over `summed` of a * b, for all values of the kept labels in row-major order. */
function contract(
  { kept, summed }: Step,
  sizes: ReadonlyMap<string, number>,
  a: Labelled,
  b: Labelled,
  out: Elements,
  ring: Ring,
): void {
  const offsets = (labels: readonly string[], { strides }: Labelled): Int32Array => {
    const dims = labels.map((label) => sizes.get(label)!);
    const steps = labels.map((label) => strides.get(label) ?? 0);
    return outerOffsets(dims, steps, elementCount(dims));
  };
  const [aRows, bRows] = [offsets(kept, a), offsets(kept, b)];
  const [aSteps, bSteps] = [offsets(summed, a), offsets(summed, b)];
  const { add, multiply } = ring;
  for (let row = 0; row < out.length; row++) {
    const [x, y] = [aRows[row]!, bRows[row]!];
    let sum = ring.zero;
    for (let i = 0; i < aSteps.length; i++) {
      sum = add(sum, multiply(a.data[x + aSteps[i]!]!, b.data[y + bSteps[i]!]!));
    }
    out[row] = sum;
  }
}

/** An array for an intermediate product; floating-point ones are double, hence not rounded. */
function between(type: DataType, dims: readonly number[]): Elements {
  const held = isFloatType(type) ? 'float64' : type;
  return allocate(held, countToAllocate(dims)) as unknown as Elements;
}

/** An operand summed over all labels that are not in `kept`. */
function sumOwn(
  { type, dims, data }: RunTensor,
  labels: readonly string[],
  kept: readonly string[],
  one: Labelled,
  ring: Ring,
): Labelled {
  const operand = labelled(labels, dims, data as unknown as Elements);
  const summed = [...operand.strides.keys()].filter((label) => !kept.includes(label));
  if (summed.length === 0) return operand;
  const sizes = new Map(labels.map((label, axis) => [label, dims[axis]!]));
  const left = kept.map((label) => sizes.get(label)!);
  const out = between(type, left);
  contract({ kept, summed }, sizes, operand, one, out, ring);
  return labelled(kept, left, out);
}

function equationFor(node: Node, inputs: readonly (ValueFacts | undefined)[]) {
  const shapes = inputs.flatMap((input) => (input?.dims === undefined ? [] : [input.dims]));
  if (shapes.length < inputs.length) return undefined;
  const equation = equationOf(
    node,
    shapes.map(({ length }) => length),
  );
  return { equation, sizes: sizesOf(node, equation, shapes) };
}

/** Products of any number of operands, summed over the labels that the result does not have. */
export const einsum = operator('Einsum', {
  since: 12,
  inputs: [1, ANY],
  infer(node, inputs): ValueFacts[] {
    const found = equationFor(node, inputs);
    if (found === undefined) return [typeOnly(inputs[0])];
    const { equation, sizes } = found;
    return [{ type: inputs[0]?.type, dims: equation.output.map((label) => sizes.get(label)) }];
  },
  macs(node, inputs) {
    if (!inputs.every(knownDims)) return 0;
    const { equation, sizes } = equationFor(node, inputs)!;
    if (equation.operands.length === 1) return 0;
    const costs = stepsOf(withoutOwn(equation)).map(({ kept, summed }) =>
      elementCount([...kept, ...summed].map((label) => sizes.get(label) as number)),
    );
    return costs.reduce((sum, cost) => sum + cost, 0);
  },
  evaluate(call, inputs) {
    const { node } = call;
    const operands = inputs.map((_, i) => required(node, inputs, i));
    const { type } = operands[0]!;
    const ring = ringOf(type);
    if (ring === undefined || type === 'bool') {
      throw unsupportedType(node, type);
    }
    if (operands.some((operand) => operand.type !== type)) {
      throw nodeError(node, 'ERR_MODEL', 'operands have different types');
    }
    const shapes = operands.map(({ dims }) => dims);
    const equation = equationOf(
      node,
      shapes.map(({ length }) => length),
    );
    const sizes = sizesOf(node, equation, shapes);
    const dimsFor = (labels: readonly string[]): number[] =>
      labels.map((label) => sizes.get(label)!);
    const one: Labelled = { data: [ring.one], strides: new Map() };
    const summed = withoutOwn(equation);
    const given = operands.map((operand, i) =>
      sumOwn(operand, equation.operands[i]!, summed.operands[i]!, one, ring),
    );
    const dims = dimsFor(equation.output);
    const data = call.allocate(type, dims);
    // A single operand is multiplied by 1.
    let product = given.length === 1 ? one : given[0]!;
    const rest = given.length === 1 ? given : given.slice(1);
    stepsOf(summed).forEach((step, i) => {
      const last = i === rest.length - 1;
      const made = dimsFor(step.kept);
      const out = last ? (data as unknown as Elements) : between(type, made);
      contract(step, sizes, product, rest[i]!, out, ring);
      product = labelled(step.kept, made, out);
    });
    return [{ type, dims, data }];
  },
});
