import type { Node } from '../ir/node.js';
import { constantOfValue } from '../ir/view.js';
import { isReadElsewhere } from '../rewrite/growth.js';
import { elementBytes, isFloatType } from '../tensor/dtype.js';
import type { FoldMatch } from './guards.js';
import { biasOf, readLayer } from './layer.js';
import { parameterOf } from './parameter.js';

/** Tells a match what its fold adds to the file, when asked: that is after the guards. */
export function withFoldAdds<M extends FoldMatch>(match: M): M {
  return Object.defineProperty(match, 'adds', { get: () => foldAdds(match) });
}

/**
 * The layer's new constants, whatever the old ones were computed from, less the stored ones that
 * nothing else reads.
 */
function foldAdds({ layer, norm, nodes, parameters, sum }: FoldMatch): number {
  const read = readLayer(layer);
  const weight = parameterOf(layer.input(1));
  if ('reason' in read || !isFloatType(weight?.type)) return 0;
  const bias = parameterOf(sum?.constant ?? biasOf(layer))?.byteLength ?? 0;
  let bytes = Math.max(bias, read.geometry.outputChannels * elementBytes(weight.type));
  const kept = shiftsOnly(norm) ? layer.input(1) : undefined;
  if (kept === undefined) bytes += weight.byteLength;
  for (const value of new Set(parameters)) {
    if (value !== kept && !isReadElsewhere(value, nodes)) {
      bytes -= constantOfValue(value)?.byteLength ?? 0;
    }
  }
  return bytes;
}

/** Whether an operator leaves the weight as it is, and shared. */
function shiftsOnly(norm: Node): boolean {
  const fromConstant = norm.is('Sub') && parameterOf(norm.optionalInput(0)) !== undefined;
  return norm.is('Add') || norm.is('Sum') || (norm.is('Sub') && !fromConstant);
}
