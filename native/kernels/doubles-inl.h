// Vectors of doubles for sums, and reductions over the lanes of a vector.
//
// A vector of doubles is one register and holds kLanes / 2 numbers.  Vectors of two registers would
// be simpler to write, but GCC keeps them in memory when they live through a loop.
#pragma once
#include <utility>

#include "kernels/simd.h"

namespace convfuse::CONVFUSE_ISA {

constexpr size_t kDoubles = kLanes / 2;
typedef double Vd __attribute__((vector_size(kLanes * 4)));
typedef int64_t Vl __attribute__((vector_size(kLanes * 4)));
typedef float FewV __attribute__((vector_size(kLanes * 2)));
typedef float UnalignedFewV __attribute__((vector_size(kLanes * 2), aligned(4), may_alias));

typedef double UnalignedVd __attribute__((vector_size(kLanes * 4), aligned(8), may_alias));

CONVFUSE_INLINE Vd Load(const double* p) { return *reinterpret_cast<const UnalignedVd*>(p); }
CONVFUSE_INLINE void Store(double* p, Vd v) { *reinterpret_cast<UnalignedVd*>(p) = v; }
// The first n lanes of v, zeros after them.
CONVFUSE_INLINE Vd FirstOf(Vd v, size_t n) {
  Vl lane;
  for (size_t i = 0; i < kDoubles; ++i) lane[i] = static_cast<int64_t>(i);
  return lane < static_cast<int64_t>(n) ? v : Vd{};
}
CONVFUSE_INLINE Vd LoadDoubles(const float* p) {
  return __builtin_convertvector(*reinterpret_cast<const UnalignedFewV*>(p), Vd);
}

// The lower and the upper half of a vector as doubles.  With intrinsics, because GCC converts half
// a vector in four pieces.
#if defined(CONVFUSE_HAS_AVX512)
CONVFUSE_INLINE Vd LowerDoubles(V v) {
  return _mm512_maskz_cvtps_pd(0xff, __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7));
}
CONVFUSE_INLINE Vd UpperDoubles(V v) {
  return _mm512_maskz_cvtps_pd(0xff, _mm512_maskz_extractf32x8_ps(0xff, v, 1));
}
#elif defined(CONVFUSE_HAS_AVX2)
CONVFUSE_INLINE Vd LowerDoubles(V v) { return _mm256_cvtps_pd(_mm256_castps256_ps128(v)); }
CONVFUSE_INLINE Vd UpperDoubles(V v) { return _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)); }
#else
template <size_t kFirst, size_t... kLane>
CONVFUSE_INLINE Vd DoublesFrom(V v, std::index_sequence<kLane...>) {
  return __builtin_convertvector(__builtin_shufflevector(v, v, (kFirst + kLane)...), Vd);
}
CONVFUSE_INLINE Vd LowerDoubles(V v) {
  return DoublesFrom<0>(v, std::make_index_sequence<kDoubles>());
}
CONVFUSE_INLINE Vd UpperDoubles(V v) {
  return DoublesFrom<kDoubles>(v, std::make_index_sequence<kDoubles>());
}
#endif
template <size_t... kLane>
CONVFUSE_INLINE V JoinFew(FewV low, FewV high, std::index_sequence<kLane...>) {
  return __builtin_shufflevector(low, high, kLane...);
}
CONVFUSE_INLINE V ToFloat(Vd low, Vd high) {
  return JoinFew(__builtin_convertvector(low, FewV), __builtin_convertvector(high, FewV),
                 std::make_index_sequence<kLanes>());
}

// OverLanes combines all lanes, with the result in each of them: it rotates the vector by half of
// its lanes, by a quarter and so on, and combines it with itself.
template <size_t kBy, class Vector, size_t... kLane>
CONVFUSE_INLINE Vector Turn(Vector v, std::index_sequence<kLane...>) {
  return __builtin_shufflevector(v, v, ((kLane + kBy) % sizeof...(kLane))...);
}
template <size_t kLanesOf, size_t kBy = kLanesOf / 2, class Vector, class Combine>
CONVFUSE_INLINE Vector OverLanes(Vector v, const Combine& combine) {
  v = combine(v, Turn<kBy>(v, std::make_index_sequence<kLanesOf>()));
  if constexpr (kBy > 1) return OverLanes<kLanesOf, kBy / 2>(v, combine);
  else return v;
}

}  // namespace convfuse::CONVFUSE_ISA
