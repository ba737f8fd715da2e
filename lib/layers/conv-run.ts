import type { ConvCall, ConvKernel, FloatArray } from '../backend/backend.js';
import { argumentError } from '../errors.js';
import { allocate } from '../tensor/dtype.js';
import { countToAllocate, elementCount, sameDims } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { ConvSettings } from './conv-options.js';
import { channelsFirstDims, channelsLastDims, toChannelsFirst, toChannelsLast } from './layout.js';
import { readFloating, type FloatingTensor } from './parameters.js';

/** One run, with its tensors checked and converted to channels first. */
export interface PreparedRun {
  readonly call: Omit<ConvCall, 'out'>;
  /** Dimensions of the result in the caller's layout. */
  readonly dims: readonly number[];
  /** x and the residual as the caller gave them. */
  readonly inputs: readonly FloatingTensor[];
  readonly out: FloatingTensor | undefined;
  readonly givenOut: Tensor | undefined;
  /** The caller's output array, where the kernel can write to it directly. */
  readonly direct: FloatArray | undefined;
}

/** @throws ConvfuseError ERR_ARGUMENT, ERR_LIMIT */
export function prepareRun(
  settings: ConvSettings,
  kernel: ConvKernel,
  givenX: Tensor,
  givenOut: Tensor | undefined,
  givenResidual: Tensor | undefined,
): PreparedRun {
  const last = settings.layout === 'nhwc';
  const x = readOfType(givenX, settings, 'x');
  const dims = last ? channelsFirstDims(x.dims) : x.dims;
  const outDims = kernel.outputDims(dims);
  // Checked here, because the native side could handle more elements than Node's arrays can hold.
  countToAllocate(outDims);
  const resultDims = last ? channelsLastDims(outDims) : outDims;
  const residual = readOptional(givenResidual, settings, 'residual', resultDims);
  const out = readOptional(givenOut, settings, 'out', resultDims);
  const call = {
    x: last ? toChannelsFirst(x.data, dims) : x.data,
    dims,
    residual: residual && last ? toChannelsFirst(residual.data, outDims) : residual?.data,
  };
  return {
    call,
    dims: resultDims,
    inputs: residual ? [x, residual] : [x],
    out,
    givenOut,
    direct: last ? undefined : out?.data,
  };
}

/**
 * The call of the kernel. Its properties are named, because spreading them takes a microsecond,
 * which is more than a small layer takes.
 */
export function callInto<T extends FloatArray | undefined>(
  { call: { x, dims, residual } }: PreparedRun,
  out: T,
): Omit<ConvCall, 'out'> & { readonly out: T } {
  return { x, dims, residual, out };
}

/** The tensor to return: the caller's output, or a new one around the kernel's result. */
export function finishRun(settings: ConvSettings, run: PreparedRun, data: FloatArray): Tensor {
  const { type, layout } = settings;
  if (layout === 'nchw') return run.givenOut ?? { type, data, dims: run.dims };
  const target = run.out?.data ?? resultArray(settings, run.dims);
  if (target.length !== data.length) {
    throw argumentError('an array that was not detached', 'out', target);
  }
  toChannelsLast(data, target, channelsFirstDims(run.dims));
  return run.givenOut ?? { type, data: target, dims: run.dims };
}

export function resultArray(settings: ConvSettings, dims: readonly number[]): FloatArray {
  return allocate(settings.type, elementCount(dims)) as FloatArray;
}

function readOptional(
  value: Tensor | undefined,
  settings: ConvSettings,
  name: string,
  dims: readonly number[],
): FloatingTensor | undefined {
  return value === undefined ? undefined : readOfType(value, settings, name, dims);
}

function readOfType(
  value: Tensor,
  settings: ConvSettings,
  name: string,
  dims?: readonly number[],
): FloatingTensor {
  const tensor = readFloating(value, name);
  if (tensor.type !== settings.type) {
    throw argumentError(`${settings.type}, as the weights are,`, `${name}.type`, tensor.type);
  }
  if (dims !== undefined && !sameDims(tensor.dims, dims)) {
    throw argumentError(`[${dims.join(', ')}]`, `${name}.dims`, tensor.dims);
  }
  return tensor;
}
