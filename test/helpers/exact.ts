// Exact arithmetic on doubles: a double is an integer times a power of two, so that products and
// sums of them are rationals, held here as BigInt fractions.

/** A double as mantissa * 2^exponent. */
export function dyadic(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const field = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = field === 0 ? fraction : fraction | (1n << 52n);
  return {
    mantissa: bits >> 63n === 1n ? -magnitude : magnitude,
    exponent: (field === 0 ? 1 : field) - 1075,
  };
}

export class Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;

  constructor(numerator: bigint, denominator = 1n) {
    this.numerator = denominator < 0n ? -numerator : numerator;
    this.denominator = denominator < 0n ? -denominator : denominator;
  }

  static of(value: number): Rational {
    const { mantissa, exponent } = dyadic(value);
    return exponent >= 0
      ? new Rational(mantissa << BigInt(exponent))
      : new Rational(mantissa, 1n << BigInt(-exponent));
  }

  plus(other: Rational): Rational {
    return new Rational(
      this.numerator * other.denominator + other.numerator * this.denominator,
      this.denominator * other.denominator,
    );
  }

  minus(other: Rational): Rational {
    return this.plus(new Rational(-other.numerator, other.denominator));
  }

  times(other: Rational): Rational {
    return new Rational(this.numerator * other.numerator, this.denominator * other.denominator);
  }

  over(other: Rational): Rational {
    return this.times(new Rational(other.denominator, other.numerator));
  }

  abs(): Rational {
    return this.numerator < 0n ? new Rational(-this.numerator, this.denominator) : this;
  }

  atMost(other: Rational): boolean {
    return this.numerator * other.denominator <= other.numerator * this.denominator;
  }

  /** The square root, to 300 bits. */
  sqrt(): Rational {
    const bits = 300n;
    return new Rational(
      integerSqrt((this.numerator << (2n * bits)) / this.denominator),
      1n << bits,
    );
  }
}

function integerSqrt(n: bigint): bigint {
  if (n < 2n) return n;
  let x = 1n << BigInt((n.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (x + n / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}
