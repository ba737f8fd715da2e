// Vectors in the compiler's own types, one width per translation unit: that of the ISA whose flags
// compile it.  Intrinsics are used only for what these types lack or compile badly: masked and
// streaming memory access, min and max that keep NaN, permutations, errors of products.  All
// functions are always inlined, so that no symbol of theirs can leak from one ISA into another.
//
// Traps.  Splat subtracts +0: adding it would turn -0 into +0.  A comparison is false for NaN, so
// a ReLU is `x < 0 ? 0 : x` and a clamp compares in that direction too: NaN then passes through.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Which intrinsics there are.  With CONVFUSE_EMULATE_LANES none, but the lanes and tiles of the ISA
// that has vectors this wide: for tests on CPUs that lack it.
#if defined(__AVX2__) && !defined(CONVFUSE_EMULATE_LANES)
#include <immintrin.h>
#if defined(__AVX512F__)
#define CONVFUSE_HAS_AVX512
#else
#define CONVFUSE_HAS_AVX2
#endif
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define CONVFUSE_INLINE [[maybe_unused]] static inline __attribute__((always_inline))
// Compiled once, however often it is called: a prebuilt addon has a size limit.
#define CONVFUSE_NOINLINE [[maybe_unused]] static __attribute__((noinline))

namespace convfuse::CONVFUSE_ISA {

#if defined(CONVFUSE_EMULATE_LANES)
constexpr size_t kLanes = CONVFUSE_EMULATE_LANES;
constexpr size_t kRegisters = 32;
#elif defined(CONVFUSE_HAS_AVX512)
constexpr size_t kLanes = 16;
constexpr size_t kRegisters = 32;
#elif defined(CONVFUSE_HAS_AVX2)
constexpr size_t kLanes = 8;
constexpr size_t kRegisters = 16;
#elif defined(__aarch64__)
constexpr size_t kLanes = 4;
constexpr size_t kRegisters = 32;
#else
constexpr size_t kLanes = 4;  // SSE2, or whatever the compiler makes of 16 bytes
constexpr size_t kRegisters = 16;
#endif

typedef float V __attribute__((vector_size(kLanes * 4)));
typedef int32_t Vi __attribute__((vector_size(kLanes * 4)));  // also what comparing two V gives
typedef float UnalignedV __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));
typedef int32_t LoneInt __attribute__((may_alias));
typedef int32_t UnalignedVi __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));

// Any alignment of the element type.
CONVFUSE_INLINE V Load(const float* p) { return *reinterpret_cast<const UnalignedV*>(p); }
CONVFUSE_INLINE void Store(float* p, V v) { *reinterpret_cast<UnalignedV*>(p) = v; }

CONVFUSE_INLINE V Splat(float x) { return x - V{}; }
CONVFUSE_INLINE Vi SplatI(int32_t x) { return x - Vi{}; }

CONVFUSE_INLINE Vi Bits(V v) { return reinterpret_cast<Vi>(v); }
CONVFUSE_INLINE V FromBits(Vi v) { return reinterpret_cast<V>(v); }

// Per lane: a where the mask is set (all bits), else b.
CONVFUSE_INLINE V Select(Vi mask, V a, V b) { return mask ? a : b; }
// max(x, low) and min(x, high); a NaN in x stays.  The x86 instructions give their second operand
// where either is NaN, or both are zero: hence the order.  GCC makes two instructions of the plain
// form.
#if defined(CONVFUSE_HAS_AVX512)
CONVFUSE_INLINE V AtLeast(V x, V low) { return _mm512_maskz_max_ps(0xffff, low, x); }
CONVFUSE_INLINE V AtMost(V x, V high) { return _mm512_maskz_min_ps(0xffff, high, x); }
#elif defined(CONVFUSE_HAS_AVX2)
CONVFUSE_INLINE V AtLeast(V x, V low) { return _mm256_max_ps(low, x); }
CONVFUSE_INLINE V AtMost(V x, V high) { return _mm256_min_ps(high, x); }
#else
CONVFUSE_INLINE V AtLeast(V x, V low) { return x < low ? low : x; }
CONVFUSE_INLINE V AtMost(V x, V high) { return x > high ? high : x; }
#endif

// Whether any lane is set.
CONVFUSE_INLINE bool AnyLane(Vi mask) {
#if defined(CONVFUSE_HAS_AVX2)
  return _mm256_movemask_ps(reinterpret_cast<V>(mask)) != 0;
#elif defined(CONVFUSE_HAS_AVX512)
  return _mm512_test_epi32_mask(reinterpret_cast<__m512i>(mask),
                                reinterpret_cast<__m512i>(mask)) != 0;
#else
  typedef long long Pairs __attribute__((vector_size(kLanes * 4)));
  const Pairs pairs = reinterpret_cast<Pairs>(mask);
  long long any = 0;
  for (size_t i = 0; i < kLanes / 2; ++i) any |= pairs[i];
  return any != 0;
#endif
}

// The lower half of a vector of 16 lanes, which some CPUs compute in half the time, and back to a
// whole vector with zeros in its upper half.
#if defined(CONVFUSE_HAS_AVX512) || CONVFUSE_EMULATE_LANES == 16
#define CONVFUSE_HAS_HALVES
typedef float Vh __attribute__((vector_size(32)));
CONVFUSE_INLINE Vh Lower(V v) { return __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7); }
CONVFUSE_INLINE V Widen(Vh v) {
  return __builtin_shufflevector(v, Vh{}, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
#endif

// a * b as the rounded product and its rounding error.
struct Product {
  V high, low;
};
#if defined(CONVFUSE_HAS_AVX512)
CONVFUSE_INLINE Product Multiply(V a, V b) {
  const V high = a * b;
  return {high, _mm512_fmsub_ps(a, b, high)};
}
#elif defined(CONVFUSE_HAS_AVX2)
CONVFUSE_INLINE Product Multiply(V a, V b) {
  const V high = a * b;
  return {high, _mm256_fmsub_ps(a, b, high)};
}
#elif defined(__aarch64__) && !defined(CONVFUSE_EMULATE_LANES)
CONVFUSE_INLINE Product Multiply(V a, V b) {
  const V high = a * b;
  return {high, vfmaq_f32(-high, a, b)};
}
#else
// In halves of 12 bits, whose products are exact (Dekker, 1971).
CONVFUSE_INLINE Product Multiply(V a, V b) {
  const V high = a * b, a1 = FromBits(Bits(a) & ~0xfff), b1 = FromBits(Bits(b) & ~0xfff);
  const V a2 = a - a1, b2 = b - b1;
  return {high, a1 * b1 - high + a1 * b2 + a2 * b1 + a2 * b2};
}
#endif

#if defined(CONVFUSE_HAS_AVX512)
#define CONVFUSE_HAS_SCALE
// v * 2^n, rounded once, for whole numbers n.
CONVFUSE_INLINE V Scale(V v, V n) { return _mm512_maskz_scalef_ps(0xffff, v, n); }
#endif

// Makes the compiler compute v here and keep it, rather than compute or load it again at each use.
CONVFUSE_INLINE void Keep(V& v) {
#if defined(CONVFUSE_EMULATE_LANES)
  asm("" : "+m"(v));
#elif defined(__x86_64__)
  asm("" : "+v"(v));
#elif defined(__aarch64__)
  asm("" : "+w"(v));
#endif
}

// Lane i set when begin <= i < end, for any begin and end.
CONVFUSE_INLINE Vi LaneRange(ptrdiff_t begin, ptrdiff_t end) {
  Vi lane;
  for (size_t i = 0; i < kLanes; ++i) lane[i] = static_cast<int32_t>(i);
  const ptrdiff_t lanes = kLanes;
  const int32_t b = static_cast<int32_t>(begin < 0 ? 0 : begin > lanes ? lanes : begin);
  const int32_t e = static_cast<int32_t>(end < 0 ? 0 : end > lanes ? lanes : end);
  return (lane >= b) & (lane < e);
}

// Stream stores past the caches, to memory aligned to the vector; Fence orders such stores before
// what follows.
#if defined(CONVFUSE_HAS_AVX512)
CONVFUSE_INLINE void Stream(float* p, V v) { _mm512_stream_ps(p, v); }
CONVFUSE_INLINE void Fence() { _mm_sfence(); }
#elif defined(CONVFUSE_HAS_AVX2)
CONVFUSE_INLINE void Stream(float* p, V v) { _mm256_stream_ps(p, v); }
CONVFUSE_INLINE void Fence() { _mm_sfence(); }
#else
CONVFUSE_INLINE void Stream(float* p, V v) {
#if defined(CONVFUSE_EMULATE_LANES)
  if (reinterpret_cast<uintptr_t>(p) % sizeof(V) != 0) __builtin_trap();  // as the ISA would
#endif
  Store(p, v);
}
CONVFUSE_INLINE void Fence() {}
#endif

// Lanes outside the mask are zero, and their memory is neither read nor written: it may lie
// outside any allocation.
#if defined(CONVFUSE_HAS_AVX512)
CONVFUSE_INLINE __mmask16 ToMask(Vi mask) {
  return _mm512_movepi32_mask(reinterpret_cast<__m512i>(mask));
}
CONVFUSE_INLINE V LoadMasked(const float* p, Vi mask) {
  return _mm512_maskz_loadu_ps(ToMask(mask), p);
}
CONVFUSE_INLINE void StoreMasked(float* p, V v, Vi mask) {
  _mm512_mask_storeu_ps(p, ToMask(mask), v);
}
CONVFUSE_INLINE V LoadN(const float* p, size_t n) {
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), p);
}
CONVFUSE_INLINE void StoreN(float* p, V v, size_t n) {
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << n) - 1), v);
}
// A mask to be used many times: a mask register where there are any, else a vector.
using Mask = __mmask16;
CONVFUSE_INLINE V LoadMasked(const float* p, Mask mask) { return _mm512_maskz_loadu_ps(mask, p); }
CONVFUSE_INLINE void StoreMasked(float* p, V v, Mask mask) { _mm512_mask_storeu_ps(p, mask, v); }
// The lower half of the mask applied to a, then to b: half a vector of each.
CONVFUSE_INLINE V LoadHalves(const float* a, const float* b, Mask mask) {
  const auto half = static_cast<__mmask8>(mask);
  return _mm512_insertf32x8(_mm512_castps256_ps512(_mm256_maskz_loadu_ps(half, a)),
                            _mm256_maskz_loadu_ps(half, b), 1);
}
CONVFUSE_INLINE void StoreHalves(float* a, float* b, V v, Mask mask) {
  const auto half = static_cast<__mmask8>(mask);
  __m256 lower = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7);
  __m256 upper = _mm512_extractf32x8_ps(v, 1);
  // Extracting straight into memory is one instruction, but it faults even where its mask is clear.
  asm("" : "+v"(lower), "+v"(upper));
  _mm256_mask_storeu_ps(a, half, lower);
  _mm256_mask_storeu_ps(b, half, upper);
}
#elif defined(CONVFUSE_HAS_AVX2)
CONVFUSE_INLINE V LoadMasked(const float* p, Vi mask) {
  return _mm256_maskload_ps(p, reinterpret_cast<__m256i>(mask));
}
CONVFUSE_INLINE void StoreMasked(float* p, V v, Vi mask) {
  _mm256_maskstore_ps(p, reinterpret_cast<__m256i>(mask), v);
}
CONVFUSE_INLINE V LoadN(const float* p, size_t n) {
  return LoadMasked(p, LaneRange(0, static_cast<ptrdiff_t>(n)));
}
CONVFUSE_INLINE void StoreN(float* p, V v, size_t n) {
  StoreMasked(p, v, LaneRange(0, static_cast<ptrdiff_t>(n)));
}
#else
CONVFUSE_INLINE V LoadMasked(const float* p, Vi mask) {
  V v = {};
  for (size_t i = 0; i < kLanes; ++i)
    if (mask[i]) v[i] = p[i];
  return v;
}
CONVFUSE_INLINE void StoreMasked(float* p, V v, Vi mask) {
  for (size_t i = 0; i < kLanes; ++i)
    if (mask[i]) p[i] = v[i];
}
CONVFUSE_INLINE V LoadN(const float* p, size_t n) {
  if (n == kLanes) return Load(p);
  V v = {};
  for (size_t i = 0; i < kLanes - 1; ++i)
    if (i < n) v[i] = p[i];
  return v;
}
CONVFUSE_INLINE void StoreN(float* p, V v, size_t n) {
  if (n == kLanes) return Store(p, v);
  for (size_t i = 0; i < kLanes - 1; ++i)
    if (i < n) p[i] = v[i];
}
#endif

// Lane i of the result is lane index[i] of v: one instruction, where kPicks.
#if defined(CONVFUSE_HAS_AVX512)
constexpr bool kPicks = true;
CONVFUSE_INLINE V Pick(V v, Vi index) {
  // GCC 12 warns of an undefined value in the form without a mask.
  return _mm512_maskz_permutexvar_ps(0xFFFF, reinterpret_cast<__m512i>(index), v);
}
#elif defined(CONVFUSE_HAS_AVX2)
constexpr bool kPicks = true;
CONVFUSE_INLINE V Pick(V v, Vi index) {
  return _mm256_permutevar8x32_ps(v, reinterpret_cast<__m256i>(index));
}
#else
#if defined(CONVFUSE_EMULATE_LANES)
constexpr bool kPicks = true;
#else
constexpr bool kPicks = false;
#endif
CONVFUSE_INLINE V Pick(V v, Vi index) {
  V picked;
  for (size_t i = 0; i < kLanes; ++i) picked[i] = v[index[i]];
  return picked;
}
#endif

#if !defined(CONVFUSE_HAS_AVX512)
using Mask = Vi;
CONVFUSE_INLINE Mask ToMask(Vi mask) { return mask; }
CONVFUSE_INLINE V LoadHalves(const float* a, const float* b, Mask mask) {
  V v = {};
  for (size_t i = 0; i < kLanes / 2; ++i)
    if (mask[i]) v[i] = a[i], v[i + kLanes / 2] = b[i];
  return v;
}
CONVFUSE_INLINE void StoreHalves(float* a, float* b, V v, Mask mask) {
  for (size_t i = 0; i < kLanes / 2; ++i)
    if (mask[i]) a[i] = v[i], b[i] = v[i + kLanes / 2];
}
#endif

// The first n lanes from p, the rest from `others`.
CONVFUSE_INLINE V LoadN(const float* p, size_t n, V others) {
#if defined(CONVFUSE_HAS_AVX512)
  return _mm512_mask_loadu_ps(others, static_cast<__mmask16>((1u << n) - 1), p);
#else
  return Select(LaneRange(0, static_cast<ptrdiff_t>(n)), LoadN(p, n), others);
#endif
}

}  // namespace convfuse::CONVFUSE_ISA
