// Elementary functions on vectors.  Polynomials are minimax fits (Remez, relative error); the error
// of each is given where it stands.  NaN in gives NaN out.
#pragma once
#include "kernels/simd.h"

namespace convfuse::CONVFUSE_ISA {

CONVFUSE_INLINE V Absolute(V x) { return FromBits(Bits(x) & SplatI(0x7fffffff)); }
CONVFUSE_INLINE V WithSign(V magnitude, V sign) {  // of a magnitude that has none
  return FromBits(Bits(magnitude) | (Bits(sign) & SplatI(INT32_MIN)));
}

// y = n log(2) + r, |y| < 2^13.  log(2) in two parts, the first of 10 bits: n * kLog2High is exact.
// Adding 1.5 * 2^23 leaves the nearest integer in the low bits of the sum; 127 more make it the
// exponent of 2^n.
constexpr float kRoundingShift = 0x1.8p23f + 127;
constexpr int32_t kZero = 0x4b400000 + 127;
struct Reduced {
  V r;
  Vi n;  // kZero + n
};
// `more`, a whole number, is added to n.
CONVFUSE_INLINE Reduced ReduceByLog2(V y, float more = 0) {
  constexpr float kLog2High = 0x1.63p-1f, kLog2Low = -0x1.bd0106p-13f;
  const V shifted = y * 0x1.715476p0f + (kRoundingShift + more);
  const V n = shifted - (kRoundingShift + more);
  return {(y - n * kLog2High) - n * kLog2Low, Bits(shifted)};
}

// 2^n of the n of a Reduced, -127 < n < 128.
CONVFUSE_INLINE V PowerOfTwo(Vi n) { return FromBits(n << 23); }
// 2^n of the difference n of two of them, -127 < n < 128; 0 for n = -127.
CONVFUSE_INLINE V PowerOfDifference(Vi n) { return FromBits((n + 127) << 23); }

// v * 2^n, rounded once, for n <= 0 as in Reduced.  Where n < 0, v must be at least 2^-62.
CONVFUSE_INLINE V ScaleDown(V v, Vi n) {
#if defined(CONVFUSE_HAS_SCALE)
  return Scale(v, FromBits(n) - kRoundingShift);
#else
  const Vi first = n > kZero - 64 ? n : SplatI(kZero - 64);
  return v * PowerOfTwo(first) * PowerOfDifference(n - first);
#endif
}

// exp(r) for |r| <= log(2) / 2: error 2^-28.2 of the result, before rounding.
CONVFUSE_INLINE V ExpReduced(V r) {
  V q = r * 0x1.6a4d1ap-10f + 0x1.12398ap-7f;
  q = q * r + 0x1.5558b0p-5f;
  q = q * r + 0x1.555492p-3f;
  q = q * r + 0x1.fffffcp-2f;
  return (q * r + 1.0f) * r + 1.0f;
}

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

// exp(y) - 1, -20 <= y <= 20, without cancellation near 0.
CONVFUSE_INLINE V Expm1(V y) {
  const Reduced reduced = ReduceByLog2(y);
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
// quotient, before rounding.
struct Quotient {
  V above, below;
};
CONVFUSE_INLINE Quotient ScaledNormalTail(V a) {
  V p = a * 0x1.12f268p-8f + 0x1.513530p-5f;
  p = p * a + 0x1.7a7994p-3f;
  p = p * a + 0x1.c2f8dap-2f;
  p = p * a + 0x1p-1f;
  V q = a * 0x1.58976ap-7f + 0x1.a6a69cp-4f;
  q = q * a + 0x1.e4f9b0p-2f;
  q = q * a + 0x1.358102p0f;
  q = q * a + 0x1.adbe9ep0f;
  q = q * a + 0x1p0f;
  return {p, q};
}

}  // namespace convfuse::CONVFUSE_ISA
