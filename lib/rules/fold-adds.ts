import type { Node } from '../ir/node.js';
import { constantOfValue } from '../ir/view.js';
import { isReadElsewhere } from '../rewrite/growth.js';
import { elementBytes, isFloatType } from '../tensor/dtype.js';
import type { FoldMatch } from './guards.js';
import { biasOf, readLayer } from './layer.js';
import { parameterOf } from './parameter.js';

/**
 * Adds the lazy property `adds` to a match: bytes that its fold adds to the file. It is read after
 * the guards have passed.
 */
export function withFoldAdds<M extends FoldMatch>(match: M): M {
  return Object.defineProperty(match, 'adds', { get: () => foldAdds(match) });
}

/** The bytes of the layer's new constants, minus those of old constants that nothing else reads. */
function foldAdds({ layer, absorbed, nodes, parameters, sum }: FoldMatch): number {
  const read = readLayer(layer);
  const weight = parameterOf(layer.input(1));
  if ('reason' in read || !isFloatType(weight?.type)) return 0;
  const bias = parameterOf(sum?.constant ?? biasOf(layer))?.byteLength ?? 0;
  let bytes = Math.max(bias, read.geometry.outputChannels * elementBytes(weight.type));
  const kept = shiftsOnly(absorbed) ? layer.input(1) : undefined;
  if (kept === undefined) bytes += weight.byteLength;
  for (const value of new Set(parameters)) {
    if (value !== kept && !isReadElsewhere(value, nodes)) {
      bytes -= constantOfValue(value)?.byteLength ?? 0;
    }
  }
  return bytes;
}

/** Whether an operator only shifts, so that the weight is kept and may stay shared. */
function shiftsOnly(absorbed: Node): boolean {
  const fromConstant = absorbed.is('Sub') && parameterOf(absorbed.optionalInput(0)) !== undefined;
  return absorbed.is('Add') || absorbed.is('Sum') || (absorbed.is('Sub') && !fromConstant);
}
