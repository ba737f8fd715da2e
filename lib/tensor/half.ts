// Conversions between the 16-bit float formats and double. IEEE 754-2019, section 3.6; bfloat16
// is the upper half of a binary32.

const view = new DataView(new ArrayBuffer(8));

/**
 * Rounds a double to a narrower binary format, once, ties to even. Going through float32 on the
 * way would round twice.
 *
 * @param exponentBits width of the target's exponent field
 * @param fractionBits width of the target's fraction field
 * @returns the bits of the target, right aligned
 */
function narrow(value: number, exponentBits: number, fractionBits: number): number {
  view.setFloat64(0, value);
  const high = view.getUint32(0);
  const low = view.getUint32(4);
  const sign = (high >>> 31) << (exponentBits + fractionBits);
  const exponent = (high >>> 20) & 0x7ff;
  const maxExponent = (1 << exponentBits) - 1;
  if (exponent === 0x7ff) {
    const nan = (high & 0xfffff) !== 0 || low !== 0;
    return sign | (maxExponent << fractionBits) | (nan ? 1 << (fractionBits - 1) : 0);
  }
  const bias = maxExponent >> 1;
  let target = exponent - 1023 + bias;
  // The significand with its hidden bit, as an integer below 2^53.
  const significand = ((high & 0xfffff) + (exponent === 0 ? 0 : 0x100000)) * 2 ** 32 + low;
  let shift = 52 - fractionBits;
  if (target <= 0) {
    shift += 1 - target;
    target = 0;
  }
  if (shift > 54) return sign;
  const scaled = significand / 2 ** shift; // exact: a power of two, far from underflow
  let rounded = Math.floor(scaled);
  const rest = scaled - rounded;
  if (rest > 0.5 || (rest === 0.5 && rounded % 2 === 1)) rounded += 1;
  // A carry out of the fraction moves into the exponent, as it should.
  const bits = target === 0 ? rounded : (target - 1) * 2 ** fractionBits + rounded;
  return sign | Math.min(bits, maxExponent * 2 ** fractionBits);
}

/** The bits of the binary16 nearest to a double, ties to even, overflow to infinity. */
export function toFloat16(value: number): number {
  return narrow(value, 5, 10);
}

/** The bits of the bfloat16 nearest to a double, ties to even, overflow to infinity. */
export function toBfloat16(value: number): number {
  return narrow(value, 8, 7);
}

/** The value of a binary16, exactly. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The value of a bfloat16, exactly. */
export function fromBfloat16(bits: number): number {
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
}
