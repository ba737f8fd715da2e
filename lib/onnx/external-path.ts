import { ConvfuseError } from '../errors.js';

/**
 * The path components of an external data location: relative, plain names, never upward. This
 * checks the text only; external-data.ts checks the file.
 *
 * Locations come from the model and may be hostile. Separators of every system are refused on every
 * system, so that a model that is harmless here is harmless elsewhere.
 *
 * @throws ConvfuseError ERR_EXTERNAL_PATH
 */
export function locationComponents(location: string): string[] {
  const refuse = (why: string): ConvfuseError =>
    new ConvfuseError(
      'ERR_EXTERNAL_PATH',
      `external data location ${JSON.stringify(location.slice(0, 200))} ${why}`,
    );
  if (location === '') throw refuse('is empty');
  if (location.includes('\0')) throw refuse('has a NUL in it');
  if (location.includes('\\')) throw refuse('has a backslash in it');
  if (location.startsWith('/')) throw refuse('is absolute');
  if (/^[a-z]:/i.test(location)) throw refuse('names a drive');
  if (/^[a-z][a-z0-9+.-]*:\//i.test(location)) throw refuse('is a URL');
  // onnx's own check stops at a '#' and accepts such names, but no honest tool writes them.
  if (location.startsWith('#')) throw refuse('starts with #');
  if (location.endsWith('/')) throw refuse('names a folder');
  const components = location.split('/').filter((part) => part !== '' && part !== '.');
  if (components.includes('..')) throw refuse('leads out of the folder of the model');
  if (components.length === 0) throw refuse('names no file');
  return components;
}
