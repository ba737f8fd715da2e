/** A name for what a constant becomes: its own, marked once however often it is folded. */
export function foldedName(name: string): string {
  return `${stemOf(name)}_fused`;
}

/** A name for the bias that a layer without one gets, after its weight: conv1.weight, conv1.bias. */
export function biasName(weight: string): string {
  const stem = stemOf(weight);
  return /weight$/i.test(stem) ? stem.replace(/weight$/i, 'bias') : `${stem}_bias`;
}

/** A name for what several constants become, after the first of them. */
export function mergedName(name: string): string {
  return `${stemOf(name)}_merged`;
}

function stemOf(name: string): string {
  return name.replace(/_(fused|merged)(_\d+)?$/, '');
}
