// Run-time checks of arguments, since callers in JavaScript have no types. All of them throw
// ConvfuseError ERR_ARGUMENT.

import { checkSignal } from '../backend/abort.js';
import { argumentError, checkObject } from '../errors.js';
import { Model } from '../ir/model.js';

export function checkModel(value: unknown, name = 'model'): void {
  if (!(value instanceof Model))
    throw argumentError('a model, as loadModel() gives it,', name, value);
}

export function checkPath(value: unknown, name: string): void {
  if (typeof value !== 'string' || value === '') throw argumentError('a path', name, value);
}

/** Checks an options object and the members that many functions share. */
export function checkOptions(value: object): void {
  checkObject(value, 'options');
  const { signal, onProgress, inputShapes } = value as Readonly<Record<string, unknown>>;
  checkSignal(signal);
  // Unlike layers, these functions call throwIfAborted(), which polyfills of AbortSignal lack.
  if (signal !== undefined && !('throwIfAborted' in (signal as AbortSignal))) {
    throw argumentError('an AbortSignal with throwIfAborted()', 'signal', signal);
  }
  checkCallback(onProgress, 'onProgress');
  if (inputShapes !== undefined) checkShapes(inputShapes);
}

export function checkCallback(value: unknown, name: string): void {
  if (value !== undefined && typeof value !== 'function') {
    throw argumentError('a function', name, value);
  }
}

/**
 * Checks a switch strictly, because it lets a file be replaced or a link be followed: the string
 * 'false' must not count as true.
 */
export function checkFlag(value: unknown, name: string): void {
  if (value !== undefined && typeof value !== 'boolean') {
    throw argumentError('true or false', name, value);
  }
}

/**
 * Checks that inputs are records, one for each run. Their tensors are checked when they are fed.
 */
export function checkInputs(value: unknown): void {
  if (!Array.isArray(value) || value.length === 0) {
    throw argumentError('an array of records, not empty,', 'inputs', value);
  }
  value.forEach((record, index) => {
    checkObject(record, `inputs[${index}]`);
  });
}

export function checkTolerance(value: unknown, name: string): void {
  if (value !== undefined && !(typeof value === 'number' && value >= 0)) {
    throw argumentError('a number >= 0', name, value);
  }
}

export function checkSeed(value: unknown): void {
  if (!Number.isSafeInteger(value)) throw argumentError('a whole number', 'seed', value);
}

export function checkRuns(value: unknown): void {
  if (!(Number.isSafeInteger(value) && (value as number) >= 1)) {
    throw argumentError('at least 1', 'runs', value);
  }
}

function checkShapes(value: unknown): void {
  checkObject(value, 'inputShapes');
  for (const [name, dims] of Object.entries(value as object) as [string, unknown][]) {
    const fits =
      Array.isArray(dims) && dims.every((dim) => Number.isSafeInteger(dim) && (dim as number) >= 0);
    if (!fits) throw argumentError('an array of whole numbers >= 0', `inputShapes.${name}`, dims);
  }
}
