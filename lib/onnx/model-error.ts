import { ConvfuseError } from '../errors.js';

export function modelError(what: string): ConvfuseError {
  return new ConvfuseError('ERR_MODEL', what);
}

/** A name from the file, safe to print: quoted, control characters escaped, not too long. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}...` : name);
}
