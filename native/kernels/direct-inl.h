// The direct kernel; contract in direct.h.
#pragma once
#include "kernels/direct.h"
#include "kernels/element-inl.h"
#include "kernels/pixel_steps-inl.h"

namespace convfuse::CONVFUSE_ISA {

// A tile of one run of kRun pixels, or of two runs.  The step from pixel to pixel is known at run
// time only (PixelSteps).
template <size_t kRun, size_t kRuns>
static void DirectOf(const DirectTile& t) {
  constexpr size_t kVectors = kDirectVectors;
  constexpr size_t kFirst = kRuns == 2 ? kRun : kHalfTile;  // pixels reached from p, not p + jump
  V acc[kRuns * kRun][kVectors];
#pragma GCC unroll 32
  for (size_t i = 0; i < kRuns * kRun; ++i)
#pragma GCC unroll 2
    for (size_t j = 0; j < kVectors; ++j) acc[i][j] = V{};
  const float* w = t.weight;
  const PixelSteps steps = StepsOf(t.step);
  const size_t jump = kRuns == 2 ? t.jump : kHalfTile * t.step;
  const char* ahead = t.prefetch ? t.prefetch : reinterpret_cast<const char*>(w);
  for (size_t k = 0; k < t.k; ++k, w += kDirectChannels, ahead += 64) {
    const float* p = t.x + t.offset[k];
    __builtin_prefetch(ahead, 0, 2);
    V row[kVectors];
#pragma GCC unroll 2
    for (size_t j = 0; j < kVectors; ++j) row[j] = Load(w + j * kLanes);
#pragma GCC unroll 32
    for (size_t i = 0; i < kRuns * kRun; ++i) {
      const float* from = i < kFirst ? p : p + jump;
      const V pixel = SplatElement(PixelAt(from, steps, i < kFirst ? i : i - kFirst));
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j) acc[i][j] = MultiplyAdd(acc[i][j], pixel, row[j]);
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

// Entry [runs - 1][run - 1].
struct DirectFunctions {
  DirectFunction of[2][kDirectPixels];
};

template <size_t kRun>
static constexpr void FillDirect(DirectFunctions& f) {
  if constexpr (kRun > 0) {
    f.of[0][kRun - 1] = DirectOf<kRun, 1>;
    if constexpr (2 * kRun <= kDirectPixels) f.of[1][kRun - 1] = DirectOf<kRun, 2>;
    FillDirect<kRun - 1>(f);
  }
}

static void Direct(const DirectTile& t) {
  static constexpr DirectFunctions kAll = [] {
    DirectFunctions f = {};
    FillDirect<kDirectPixels>(f);
    return f;
  }();
  kAll.of[t.runs - 1][t.run - 1](t);
}

}  // namespace convfuse::CONVFUSE_ISA
