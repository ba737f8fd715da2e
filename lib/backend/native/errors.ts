import { ConvfuseError, type ErrorCode } from '../../errors.js';

/**
 * Converts an error of the addon, which has a `code` property, to a ConvfuseError. Returns other
 * errors unchanged.
 */
export function fromNative(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ConvfuseError) return error;
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string' || !code.startsWith('ERR_')) return error;
  return new ConvfuseError(code as ErrorCode, error.message, { cause: error });
}

/** Calls the addon and converts its errors. @throws ConvfuseError */
export function native<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fromNative(error);
  }
}
