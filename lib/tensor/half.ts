// Conversions between the 16-bit float formats and double. IEEE 754-2019, section 3.6; bfloat16
// is the upper half of a binary32.

const view = new DataView(new ArrayBuffer(8));

/** 2^n at index n + 256: computing powers would take longer than all the rest. */
const POWERS = Float64Array.from({ length: 512 }, (_, n) => 2 ** (n - 256));
/**
 * From here on doubles are 1 apart: adding and subtracting it rounds to whole numbers, ties to
 * even.
 */
const WHOLE = 2 ** 52;

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
  const sign = (high >>> 31) << (exponentBits + fractionBits);
  const exponent = ((high >>> 20) & 0x7ff) - 1023;
  const maxExponent = (1 << exponentBits) - 1;
  const bias = maxExponent >> 1;
  const infinity = maxExponent << fractionBits;
  if (exponent > bias) return sign | infinity | (value !== value ? 1 << (fractionBits - 1) : 0);
  // Subnormal numbers share the unit in the last place of the least normal one.
  const target = Math.max(exponent, 1 - bias);
  const scaled = Math.abs(value) * POWERS[256 + fractionBits - target]!;
  const rounded = scaled + WHOLE - WHOLE;
  // A carry out of the fraction correctly increments the exponent, up to infinity.
  return sign | (((target + bias - 1) << fractionBits) + rounded);
}

/** The bits of the binary16 nearest to a double, ties to even, overflow to infinity. */
export function toFloat16(value: number): number {
  return narrow(value, 5, 10);
}

/** The bits of the bfloat16 nearest to a double, ties to even, overflow to infinity. */
export function toBfloat16(value: number): number {
  return narrow(value, 8, 7);
}

/** The values of all binary16 numbers; made at first use. */
let values: Float32Array | undefined;

/** The value of a binary16, exactly. */
export function fromFloat16(bits: number): number {
  values ??= Float32Array.from({ length: 0x10000 }, (_, n) => valueOf(n));
  return values[bits]!;
}

function valueOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const magnitude = bits & 0x7fff;
  if (magnitude >= 0x7c00) return magnitude === 0x7c00 ? sign * Infinity : NaN;
  // Reinterpreted as a binary32, whose exponent bias is 127 instead of 15; hence the factor 2^112.
  view.setUint32(0, magnitude << 13);
  return sign * view.getFloat32(0) * 2 ** 112;
}

/** The value of a bfloat16, exactly. */
export function fromBfloat16(bits: number): number {
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
}
