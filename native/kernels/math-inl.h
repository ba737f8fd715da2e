// Elementary functions on vectors, of arguments that are never positive: every activation can be
// written so, and then nothing overflows.  Polynomials are minimax fits (Remez, relative error);
// the error of each is given where it stands.  NaN in gives NaN out.
#pragma once
#include "kernels/simd.h"

namespace convfuse::CONVFUSE_ISA {

CONVFUSE_INLINE V Absolute(V x) { return FromBits(Bits(x) & SplatI(0x7fffffff)); }
CONVFUSE_INLINE V CopySign(V magnitude, V sign) {
  return FromBits(Bits(Absolute(magnitude)) | (Bits(sign) & SplatI(INT32_MIN)));
}
CONVFUSE_INLINE V PowerOfTwo(Vi n) { return FromBits((n + 127) << 23); }  // -126 <= n <= 127

// exp(r) - 1 for |r| <= log(2) / 2 as r + r^2 q(r): error 2^-31.8 of the result, before rounding.
// The leading r is never rounded, so the result stays exact in the limit r -> 0.
CONVFUSE_INLINE V Expm1Reduced(V r) {
  V q = r * 0x1.a0332ep-13f + 0x1.6d78d8p-10f;
  q = q * r + 0x1.11118ep-7f;
  q = q * r + 0x1.5554aap-5f;
  q = q * r + 0x1.555554p-3f;
  q = q * r + 0x1p-1f;
  return q * (r * r) + r;
}

// exp(y) = mantissa * scale1 * scale2.  The two powers of two apart let a caller multiply by more
// before the result becomes subnormal, where each product would lose bits.
struct ExpParts {
  V mantissa, scale1, scale2;
};

CONVFUSE_INLINE ExpParts ScaleExp(V r, Vi n) {
  const Vi half = n >> 1;
  return {Expm1Reduced(r) + 1.0f, PowerOfTwo(half), PowerOfTwo(n - half)};
}

// Below this exp(y) is zero even when multiplied by any float activation input of use; also the
// range in which both scales are normal.
constexpr float kExpLowest = -126.0f;

// 1.5 * 2^23: adding it leaves the nearest integer in the low bits of the sum.
constexpr float kRoundingShift = 0x1.8p23f;

// y = n log(2) + r.  log(2) in two parts, the first of 10 bits: n * kLog2High is exact.
struct Reduced {
  V r;
  Vi n;
};
CONVFUSE_INLINE Reduced ReduceByLog2(V y) {
  constexpr float kLog2High = 0x1.63p-1f, kLog2Low = -0x1.bd0106p-13f;
  const V shifted = y * 0x1.715476p0f + kRoundingShift;
  const V n = shifted - kRoundingShift;
  return {(y - n * kLog2High) - n * kLog2Low, Bits(shifted) - Bits(Splat(kRoundingShift))};
}

// exp(y), kExpLowest <= y <= 0.
CONVFUSE_INLINE ExpParts Exp(V y) {
  const Reduced reduced = ReduceByLog2(y);
  return ScaleExp(reduced.r, reduced.n);
}

// The same of a double: for arguments that are themselves products, whose rounding to float the
// exponential would multiply by |y|.
CONVFUSE_INLINE ExpParts Exp(Vd y) {
  constexpr double kShift = 0x1.8p52;
  const Vd n = (y * 0x1.71547652b82fep0 + kShift) - kShift;
  return ScaleExp(ToFloat(y - n * 0x1.62e42fefa39efp-1), Truncate(ToFloat(n)));
}

CONVFUSE_INLINE V Value(const ExpParts& e) { return e.mantissa * e.scale1 * e.scale2; }

// exp(y) - 1, y <= 0, without cancellation near 0.  -1 from -20 on: already 1 - exp(-17.4) rounds
// to 1.
CONVFUSE_INLINE V Expm1(V y) {
  const Reduced reduced = ReduceByLog2(AtLeast(y, Splat(-20.0f)));
  const V scale = PowerOfTwo(reduced.n);
  return Expm1Reduced(reduced.r) * scale + (scale - 1.0f);
}

// log(1 + e) for 0 <= e <= 1, as 2 atanh(u / 2) with u = 2 e / (2 + e): error 2^-38 of the result.
CONVFUSE_INLINE V Log1p(V e) {
  const V u = (e + e) / (e + 2.0f), v = u * u;
  V p = v * 0x1.be1794p-16f + 0x1.5f4242p-14f;
  p = p * v + 0x1.c8b9e0p-12f;
  p = p * v + 0x1.248a66p-9f;
  p = p * v + 0x1.9999bcp-7f;
  p = p * v + 0x1.555556p-4f;
  return u + u * v * p;
}

// exp(a^2 / 2) * P(N(0, 1) < -a) for 0 <= a <= 15.6: half the scaled complementary error function
// of a / sqrt(2).  All coefficients are positive, so neither sum cancels: error 2^-25.8 of the
// result, before rounding.
CONVFUSE_INLINE V ScaledNormalTail(V a) {
  V p = a * 0x1.12f268p-8f + 0x1.513530p-5f;
  p = p * a + 0x1.7a7994p-3f;
  p = p * a + 0x1.c2f8dap-2f;
  p = p * a + 0x1p-1f;
  V q = a * 0x1.58976ap-7f + 0x1.a6a69cp-4f;
  q = q * a + 0x1.e4f9b0p-2f;
  q = q * a + 0x1.358102p0f;
  q = q * a + 0x1.adbe9ep0f;
  q = q * a + 0x1p0f;
  return p / q;
}

}  // namespace convfuse::CONVFUSE_ISA
