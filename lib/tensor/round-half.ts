// Rounds arrays of float32 numbers to 16-bit formats, by integer arithmetic on their bits: within the range
// of its exponent, a float16 or bfloat16 is a float32 with fewer bits. half.ts converts single numbers.

/** Mask of all bits but the sign, and these bits of infinity. Those of NaN are larger. */
const MAGNITUDE = 0x7fffffff;
const INFINITY = 0x7f800000;

/** Bits of 2^-14, below which float16 numbers are 2^-24 apart, and of 2^16, which exceeds them all. */
const LEAST_NORMAL = 0x38800000;
const TOO_LARGE = 0x47800000;

/** Doubles are 2^-24 apart here: adding and subtracting it rounds to a multiple, ties to even. */
const UNIT = 1.5 * 2 ** 28;

/** y[i] = the float16 nearest to x[i], ties to even, overflow to infinity. x and y may be the same. */
export function roundToFloat16(x: Float32Array, y: Float32Array): void {
  const [from, to] = [bitsOf(x), bitsOf(y)];
  for (let i = 0; i < from.length; i++) {
    const bits = from[i]!;
    const magnitude = bits & MAGNITUDE;
    const sign = bits & ~MAGNITUDE;
    if (magnitude < LEAST_NORMAL) {
      y[i] = Math.abs(x[i]!) + UNIT - UNIT;
      to[i]! |= sign;
    } else if (magnitude > INFINITY) y[i] = NaN;
    else {
      const rounded = (magnitude + 0xfff + ((magnitude >>> 13) & 1)) & ~0x1fff;
      to[i] = sign | (rounded >= TOO_LARGE ? INFINITY : rounded);
    }
  }
}

/** y[i] = the bfloat16 nearest to x[i], ties to even, overflow to infinity. x and y may be the same. */
export function roundToBfloat16(x: Float32Array, y: Float32Array): void {
  const [from, to] = [bitsOf(x), bitsOf(y)];
  for (let i = 0; i < from.length; i++) {
    const bits = from[i]!;
    // A carry out of the fraction increases the exponent, up to infinity.
    if ((bits & MAGNITUDE) > INFINITY) y[i] = NaN;
    else to[i] = (bits + 0x7fff + ((bits >>> 16) & 1)) & ~0xffff;
  }
}

function bitsOf({ buffer, byteOffset, length }: Float32Array): Int32Array {
  return new Int32Array(buffer, byteOffset, length);
}
