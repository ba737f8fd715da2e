import { decodeText } from './text.js';

const PREFIXES: readonly (readonly [string, string])[] = [
  ['PK\x03\x04', 'a zip archive (a PyTorch .pt file, or a zipped model)'],
  ['\x1f\x8b', 'a gzip archive: unpack it first'],
  ['BZh', 'a bzip2 archive: unpack it first'],
  ['\xfd7zXZ', 'an xz archive: unpack it first'],
  ['\x28\xb5\x2f\xfd', 'a zstd archive: unpack it first'],
  ['version https://git-lfs', 'a Git LFS pointer: run "git lfs pull"'],
  ['ir_version', 'ONNX in text form: only the binary form is read'],
  ['\x93NUMPY', 'a NumPy array'],
  ['\x89HDF\r\n', 'an HDF5 file (Keras)'],
  ['\x80\x02', 'a Python pickle'],
  ['\x80\x04', 'a Python pickle'],
  ['GGUF', 'a GGUF file'],
];

/**
 * Says what a file that is not an ONNX model seems to be, by its first bytes; undefined when that
 * is unclear.
 */
export function lookAlike(bytes: Uint8Array): string | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 64));
  for (const [prefix, name] of PREFIXES) if (head.startsWith(prefix)) return name;
  if (head.slice(4, 8) === 'ORTM') return 'an ORT-format model: convert it back to ONNX';
  if (head.slice(4, 8) === 'TFL3') return 'a TensorFlow Lite model';
  if (head.charAt(8) === '{' && head.slice(4, 8) === '\0\0\0\0') return 'a safetensors file';
  const text = decodeText(bytes, 0, Math.min(bytes.length, 64)).trimStart();
  if (/^<(!doctype|html|\?xml)/i.test(text)) return 'HTML or XML, perhaps an error page';
  if (/^[[{]/.test(text)) return 'JSON';
  if (bytes.length > 262 && decodeText(bytes, 257, 262) === 'ustar') return 'a tar archive';
  return undefined;
}
