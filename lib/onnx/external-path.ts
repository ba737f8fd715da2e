import { ConvfuseError } from '../errors.js';

/**
 * The path components of an external data location: relative, of plain names, never upward. It
 * looks at the text only; what lies there is external-data.ts's concern.
 *
 * Locations come from the model, so they are hostile. Separators of every system are refused on
 * every system, that a model which is harmless here be harmless elsewhere.
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
  // onnx's own check stops at a '#' and lets such names pass: no honest tool writes them.
  if (location.startsWith('#')) throw refuse('starts with #');
  if (location.endsWith('/')) throw refuse('names a folder');
  const components = location.split('/').filter((part) => part !== '' && part !== '.');
  if (components.includes('..')) throw refuse('leads out of the folder of the model');
  if (components.length === 0) throw refuse('names no file');
  return components;
}
