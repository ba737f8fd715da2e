import { ACTIVATION_KINDS } from '../activation.js';
import {
  ADVANCES,
  ELEMENTWISE_AXES,
  ELEMENTWISE_FUNCTIONS,
  type ElementwisePlace,
  type ElementwiseRun,
  type ElementwiseSpec,
} from '../elementwise.js';
import type { Addon } from './addon.js';
import { parametersOf } from './conv.js';
import { fromNative } from './errors.js';

/** The arithmetic of `spec` on the native side. */
export function nativeElementwise(
  addon: Addon,
  isa: string,
  ownThreads: number,
  spec: ElementwiseSpec,
): ElementwiseRun {
  const { kind, slope } = spec.activation;
  const parameters = parametersOf(spec.activation);
  const index = ACTIVATION_KINDS.indexOf(kind);
  const slopes = slope && Float32Array.from(slope);
  const shape = shapeNumbers(spec);
  const threads = spec.threads ?? ownThreads;
  return (x, other, y) => {
    try {
      addon.elementwise(isa, x, other, y, shape, index, parameters, slopes, threads);
    } catch (error) {
      throw fromNative(error);
    }
  };
}

/**
 * [function, plane, height, extent x 4, length], and for x, other and y [offset, stride x 4,
 * advance].
 */
function shapeNumbers(spec: ElementwiseSpec): Uint32Array {
  const { f, plane, height, extents, length, x, other, y } = spec;
  return Uint32Array.of(
    ELEMENTWISE_FUNCTIONS.indexOf(f),
    plane ?? 0,
    height ?? 0,
    ...padded(extents, 1),
    length,
    ...placeNumbers(x),
    ...placeNumbers(other ?? x),
    ...placeNumbers(y),
  );
}

function placeNumbers({ offset, strides, advance }: ElementwisePlace): number[] {
  return [offset, ...padded(strides, 0), ADVANCES.indexOf(advance)];
}

/** Missing axes are the outermost ones. */
function padded(numbers: readonly number[], missing: number): number[] {
  return [...Array<number>(ELEMENTWISE_AXES - numbers.length).fill(missing), ...numbers];
}
