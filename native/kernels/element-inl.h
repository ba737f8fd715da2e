// An element of x and of the weights is 32 bits: a float, or, in the translation unit that is
// compiled for their dot products (CONVFUSE_BF16_PAIRS), a pair of bfloat16 numbers of neighbouring
// channels.
#pragma once
#include "kernels/shuffle-inl.h"

namespace convfuse::CONVFUSE_ISA {

#if defined(CONVFUSE_BF16_PAIRS)
constexpr size_t kElementChannels = 2;
CONVFUSE_INLINE V SplatElement(const float* p) {
  return FromBits(SplatI(*reinterpret_cast<const LoneInt*>(p)));
}
#if defined(CONVFUSE_HAS_AVX512)
CONVFUSE_INLINE V MultiplyAdd(V sum, V a, V b) {
  return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
}
// In each lane the pair of both numbers, rounded, `first` in the lower half.  Subnormal numbers
// become zeros, as they would in the products.
CONVFUSE_INLINE V Join(V first, V second) {
  typedef int16_t Vh __attribute__((vector_size(64)));
  const Vh order = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                    8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512bh halves = _mm512_cvtne2ps_pbh(second, first);
  return reinterpret_cast<V>(_mm512_permutexvar_epi16(reinterpret_cast<__m512i>(order),
                                                      reinterpret_cast<__m512i>(halves)));
}
// The pairs of neighbouring lanes of `pixel`, then those of `other`.
CONVFUSE_INLINE V PairsOf(V pixel, V other) {
  return reinterpret_cast<V>(_mm512_cvtne2ps_pbh(other, pixel));
}
#else
// The dot product of AVX512_BF16 in plain vectors, except that the instruction takes subnormal
// numbers for zeros.
CONVFUSE_INLINE V MultiplyAdd(V sum, V a, V b) {
  const Vi upper = SplatI(static_cast<int32_t>(0xFFFF0000));
  sum += FromBits(Bits(a) & upper) * FromBits(Bits(b) & upper);
  return sum + FromBits(Bits(a) << 16) * FromBits(Bits(b) << 16);
}
// To the nearest bfloat16, ties to even, as the upper half of each lane; NaN stays NaN.
CONVFUSE_INLINE Vi RoundToBf16(V v) {
  typedef uint32_t Unsigned __attribute__((vector_size(sizeof(V))));  // a NaN may wrap
  const Unsigned bits = reinterpret_cast<Unsigned>(v);
  const Unsigned rounded = bits + 0x7FFF + ((bits >> 16) & 1);
  return reinterpret_cast<Vi>((v != v ? bits | 0x400000 : rounded) & 0xFFFF0000);
}
CONVFUSE_INLINE V Join(V first, V second) {
  return FromBits((RoundToBf16(first) >> 16 & 0xFFFF) | RoundToBf16(second));
}
CONVFUSE_INLINE V PairsOf(V pixel, V other) { return Join(Even(pixel, other), Odd(pixel, other)); }
#endif
#else
constexpr size_t kElementChannels = 1;
CONVFUSE_INLINE V SplatElement(const float* p) { return Splat(*p); }
CONVFUSE_INLINE V MultiplyAdd(V sum, V a, V b) { return sum + a * b; }
CONVFUSE_INLINE V Join(V first, V) { return first; }
#endif

// The element that begins with channel c: channel(c) and, with pairs, channel(c + 1), or zeros
// where there is none.
template <class Channel>
CONVFUSE_INLINE V ElementOf(size_t c, size_t channels, const Channel& channel) {
  if constexpr (kElementChannels == 1) return channel(c);
  return Join(channel(c), c + 1 < channels ? channel(c + 1) : V{});
}

}  // namespace convfuse::CONVFUSE_ISA
