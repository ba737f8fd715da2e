// The direct kernel; contract in direct.h.
#pragma once
#include "kernels/direct.h"
#include "kernels/direct_size-inl.h"
#include "kernels/element-inl.h"

namespace convfuse::CONVFUSE_ISA {

template <size_t kRun, size_t kRuns, size_t kStep>
static void DirectOf(const DirectTile& t) {
  constexpr size_t kVectors = kDirectVectors;
  V acc[kRuns * kRun][kVectors];
#pragma GCC unroll 32
  for (size_t i = 0; i < kRuns * kRun; ++i)
#pragma GCC unroll 2
    for (size_t j = 0; j < kVectors; ++j) acc[i][j] = V{};
  const float* w = t.weight;
  const float* x = t.x;
  const size_t jump = t.jump;
  const char* ahead = t.prefetch ? t.prefetch : reinterpret_cast<const char*>(w);
  for (size_t k = 0; k < t.k; ++k, w += kDirectChannels, ahead += 64) {
    const float* p = x + t.offset[k];
    __builtin_prefetch(ahead, 0, 2);
    V row[kVectors];
#pragma GCC unroll 2
    for (size_t j = 0; j < kVectors; ++j) row[j] = Load(w + j * kLanes);
#pragma GCC unroll 2
    for (size_t r = 0; r < kRuns; ++r)
#pragma GCC unroll 32
      for (size_t i = 0; i < kRun; ++i) {
        const V pixel = SplatElement(p + r * jump + i * kStep);
#pragma GCC unroll 2
        for (size_t j = 0; j < kVectors; ++j)
          acc[r * kRun + i][j] = MultiplyAdd(acc[r * kRun + i][j], pixel, row[j]);
      }
  }
  float* sums = t.sums;
  if (t.add) {
#pragma GCC unroll 32
    for (size_t i = 0; i < kRuns * kRun; ++i)
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j)
        acc[i][j] += Load(sums + i * kDirectChannels + j * kLanes);
  }
#pragma GCC unroll 32
  for (size_t i = 0; i < kRuns * kRun; ++i)
#pragma GCC unroll 2
    for (size_t j = 0; j < kVectors; ++j)
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
  static constexpr DirectFunctions kByStep[2] = {AllDirect<1>(), AllDirect<2>()};
  kByStep[t.step - 1].of[t.runs - 1][t.run - 1](t);
}

}  // namespace convfuse::CONVFUSE_ISA
