/**
 * A name for a folded constant: its own with a suffix, which is added once however often it is
 * folded.
 */
export function foldedName(name: string): string {
  return `${stemOf(name)}_fused`;
}

/** A name for a new bias, derived from the layer's weight: conv1.weight gives conv1.bias. */
export function biasName(weight: string): string {
  const stem = stemOf(weight);
  return /weight$/i.test(stem) ? stem.replace(/weight$/i, 'bias') : `${stem}_bias`;
}

/** A name for a merged constant, derived from the first of its parts. */
export function mergedName(name: string): string {
  return `${stemOf(name)}_merged`;
}

function stemOf(name: string): string {
  return name.replace(/_(fused|merged)(_\d+)?$/, '');
}
