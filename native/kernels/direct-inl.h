// The direct kernel; contract in direct.h.
#pragma once
#include "kernels/direct.h"
#include "kernels/direct_size-inl.h"

namespace convfuse::CONVFUSE_ISA {

// What one element of x and of the weights stands for: a number, or a pair of bfloat16 numbers of
// neighbouring channels (in the translation unit that is compiled for their dot products).
#if defined(__AVX512BF16__)
CONVFUSE_INLINE V SplatElement(const float* p) {
  return FromBits(SplatI(*reinterpret_cast<const LoneInt*>(p)));
}
CONVFUSE_INLINE V MultiplyAdd(V sum, V a, V b) {
  return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
}
#else
CONVFUSE_INLINE V SplatElement(const float* p) { return Splat(*p); }
CONVFUSE_INLINE V MultiplyAdd(V sum, V a, V b) { return sum + a * b; }
#endif

template <size_t kRun, size_t kRuns, size_t kStep>
static void DirectOf(const DirectTile& t) {
  V acc[kRuns * kRun][kDirectVectors];
#pragma GCC unroll 16
  for (size_t i = 0; i < kRuns * kRun; ++i)
#pragma GCC unroll 2
    for (size_t j = 0; j < kDirectVectors; ++j) acc[i][j] = V{};
  const float* w = t.weight;
  const float* x = t.x;
  const size_t jump = t.jump;
  const char* ahead = t.prefetch ? t.prefetch : reinterpret_cast<const char*>(w);
  for (size_t k = 0; k < t.k; ++k, w += kDirectChannels, ahead += 64) {
    const float* p = x + t.offset[k];
    __builtin_prefetch(ahead, 0, 2);
    V row[kDirectVectors];
#pragma GCC unroll 2
    for (size_t j = 0; j < kDirectVectors; ++j) row[j] = Load(w + j * kLanes);
#pragma GCC unroll 2
    for (size_t r = 0; r < kRuns; ++r)
#pragma GCC unroll 16
      for (size_t i = 0; i < kRun; ++i) {
        const V pixel = SplatElement(p + r * jump + i * kStep);
#pragma GCC unroll 2
        for (size_t j = 0; j < kDirectVectors; ++j)
          acc[r * kRun + i][j] = MultiplyAdd(acc[r * kRun + i][j], pixel, row[j]);
      }
  }
  float* sums = t.sums;
  if (t.add) {
#pragma GCC unroll 16
    for (size_t i = 0; i < kRuns * kRun; ++i)
#pragma GCC unroll 2
      for (size_t j = 0; j < kDirectVectors; ++j)
        acc[i][j] += Load(sums + i * kDirectChannels + j * kLanes);
  }
#pragma GCC unroll 16
  for (size_t i = 0; i < kRuns * kRun; ++i)
#pragma GCC unroll 2
    for (size_t j = 0; j < kDirectVectors; ++j)
      Store(sums + i * kDirectChannels + j * kLanes, acc[i][j]);
}

typedef void (*DirectFunction)(const DirectTile& tile);

// Entry [runs - 1][run - 1] of one step.
struct DirectFunctions {
  DirectFunction of[2][kDirectPixels];
};

template <size_t kStep, size_t kRun>
static constexpr void FillDirect(DirectFunctions& f) {
  if constexpr (kRun > 0) {
    f.of[0][kRun - 1] = DirectOf<kRun, 1, kStep>;
    if constexpr (2 * kRun <= kDirectPixels) f.of[1][kRun - 1] = DirectOf<kRun, 2, kStep>;
    FillDirect<kStep, kRun - 1>(f);
  }
}

template <size_t kStep>
static constexpr DirectFunctions AllDirect() {
  DirectFunctions f = {};
  FillDirect<kStep, kDirectPixels>(f);
  return f;
}

static void Direct(const DirectTile& t) {
  static constexpr DirectFunctions kByStep[3] = {AllDirect<1>(), AllDirect<2>(),
                                                 AllDirect<kLanes>()};
  kByStep[t.step <= 2 ? t.step - 1 : 2].of[t.runs - 1][t.run - 1](t);
}

}  // namespace convfuse::CONVFUSE_ISA
