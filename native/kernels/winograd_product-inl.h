// The matrix products of a Winograd convolution; contract in winograd.h.
#pragma once
#include "kernels/direct.h"
#include "kernels/direct_size-inl.h"
#include "kernels/winograd.h"

namespace convfuse::CONVFUSE_ISA {

// Products that are unrolled, so that their elements lie at constant offsets, and every how many of
// them fetch a line.  With AVX2 operations are what there is little room for (direct_size-inl.h).
constexpr size_t kWrittenOut = kGroupedProducts > 1 ? kGroupedProducts : 4;
constexpr size_t kFetchEvery = kGroupedProducts > 1 ? 2 : 1;
static_assert(kLanes % kWrittenOut == 0 && kWrittenOut % kFetchEvery == 0);

// With no more tiles than this, the first run fetches the next weights as the last one does, or the
// other half of their lines: they then come from memory, not from L2.
constexpr size_t kFewTiles = 4 * kDirectPixels;

template <size_t kRun, size_t kVectors>
CONVFUSE_INLINE void AddProduct(const float* x, const float* w, V (*acc)[kVectors]) {
  V row[kVectors];
#pragma GCC unroll 2
  for (size_t j = 0; j < kVectors; ++j) row[j] = Load(w + j * kLanes);
#pragma GCC unroll 16
  for (size_t i = 0; i < kRun; ++i) {
    const V pixel = Splat(x[i * kLanes]);
#pragma GCC unroll 2
    for (size_t j = 0; j < kVectors; ++j) acc[i][j] += pixel * row[j];
  }
}

// Tiles [first, end), kRun at a time.
template <size_t kRun, size_t kVectors>
static void ProductRuns(const WinogradProduct& p, size_t first, size_t end) {
  // Copied, because the stores below might change p as far as the compiler knows.
  const size_t stride = p.vector_stride, channels = p.channels, tiles = p.tiles;
  const bool add = p.add;
  for (size_t tile = first; tile < end; tile += kRun) {
    V acc[kRun][kVectors];
#pragma GCC unroll 16
    for (size_t i = 0; i < kRun; ++i)
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j) acc[i][j] = V{};
    const float* x = p.v + tile * kLanes;
    const float* w = p.weight;
    // What is fetched beside the products: the next tiles, or the next weights.
    const bool last = tile + kRun >= tiles, few = tiles <= kFewTiles;
    const bool weights = last || (tile == 0 && few);
    const size_t half = kFetchEvery > 1 && last && few ? kLineFloats : 0;
    const float* ahead = weights ? p.ahead + half : x + kRun * kLanes;
    const size_t ahead_step = weights ? kLanes * kLineFloats : stride;
    size_t left = channels;
    for (; left >= kLanes; left -= kLanes, x += stride, ahead += ahead_step)
#pragma GCC unroll 1
      for (size_t lane = 0; lane < kLanes; lane += kWrittenOut)
#pragma GCC unroll 8
        for (size_t l = 0; l < kWrittenOut; ++l, w += kDirectChannels) {
          if (l % kFetchEvery == 0) __builtin_prefetch(ahead + (lane + l) * kLineFloats, 0, 3);
          AddProduct<kRun, kVectors>(x + lane + l, w, acc);
          // Keeps the fetches apart: the CPU waits where several follow each other.
          if (kFetchEvery > 1 && l % kFetchEvery == 1) asm volatile("" ::: "memory");
        }
    for (size_t lane = 0; lane < left; ++lane, w += kDirectChannels)
      AddProduct<kRun, kVectors>(x + lane, w, acc);
    float* sums = p.sums + tile * kDirectChannels;
    if (add) {
#pragma GCC unroll 16
      for (size_t i = 0; i < kRun; ++i)
#pragma GCC unroll 2
        for (size_t j = 0; j < kVectors; ++j)
          acc[i][j] += Load(sums + i * kDirectChannels + j * kLanes);
    }
#pragma GCC unroll 16
    for (size_t i = 0; i < kRun; ++i)
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j)
        Store(sums + i * kDirectChannels + j * kLanes, acc[i][j]);
  }
}

template <size_t kRun = kDirectPixels>
static void ProductRunsOf(size_t run, const WinogradProduct& p, size_t first, size_t end) {
  if (run == kRun) return ProductRuns<kRun, kDirectVectors>(p, first, end);
  if constexpr (kRun > 1) ProductRunsOf<kRun - 1>(run, p, first, end);
}

// Tiles from `first` on, of one vector of output channels: in runs of kRun, then the rest in runs
// of half as many.
template <size_t kRun = kDirectPixels>
static void NarrowProducts(const WinogradProduct& p, size_t first) {
  const size_t end = first + (p.tiles - first) / kRun * kRun;
  ProductRuns<kRun, 1>(p, first, end);
  if constexpr (kRun > 1) NarrowProducts<kRun / 2>(p, end);
}

// Runs of equal length, to within one: a short run takes as long as one of four tiles, since its
// products wait for each other.
static void MultiplyPoint(const WinogradProduct& p) {
  if (p.vectors < kDirectVectors) return NarrowProducts(p, 0);
  const size_t runs = (p.tiles + kDirectPixels - 1) / kDirectPixels;
  const size_t run = p.tiles / runs, longer = p.tiles % runs * (run + 1);
  if (longer > 0) ProductRunsOf(run + 1, p, 0, longer);
  ProductRunsOf(run, p, longer, p.tiles);
}

}  // namespace convfuse::CONVFUSE_ISA
