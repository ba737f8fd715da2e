// The direct kernel on blocked activations; contract in direct.h.
#pragma once
#include "kernels/direct.h"
#include "kernels/direct_size-inl.h"

namespace convfuse::CONVFUSE_ISA {

// kStep: floats from pixel to pixel, or 0: they lie where x_at says.
template <size_t kRun, size_t kVectors, size_t kStep>
static void BlockedTileOf(const BlockedTile& t) {
  V acc[kRun][kVectors];
  const float* pixel[kRun];
#pragma GCC unroll 16
  for (size_t i = 0; i < kRun; ++i) {
    pixel[i] = kStep > 0 ? t.x + t.x_at[0] + i * kStep : t.x + t.x_at[i];
    // One register each, and no arithmetic on them for every product.
    if constexpr (kStep == 0) asm("" : "+r"(pixel[i]));
#pragma GCC unroll 3
    for (size_t j = 0; j < kVectors; ++j) acc[i][j] = V{};
  }
  const float* w = t.weight;
  const float* ahead = t.ahead;
  const size_t jump = t.weight_jump;
  const auto sums = [&](size_t i, size_t j) {
    return t.sums + i * kDirectChannels + (j < kDirectVectors ? j * kLanes : t.sums_jump);
  };
  const BlockedProduct* product = t.product;
  for (size_t chain = 1;; ++chain, w += t.chain_jump) {
    for (const BlockedProduct* const end = product + t.k; product < end;
         ++product, w += kDirectChannels) {
      const size_t at = product->offset;
      __builtin_prefetch(ahead + product->ahead, 0, 3);
      V row[kVectors];
#pragma GCC unroll 3
      for (size_t j = 0; j < kVectors; ++j)
        row[j] = Load(j < kDirectVectors ? w + j * kLanes : w + jump);
#pragma GCC unroll 16
      for (size_t i = 0; i < kRun; ++i) {
        const V x = Splat(pixel[i][at]);
#pragma GCC unroll 3
        for (size_t j = 0; j < kVectors; ++j) acc[i][j] += x * row[j];
      }
    }
    if (t.add || chain > 1) {
#pragma GCC unroll 16
      for (size_t i = 0; i < kRun; ++i)
#pragma GCC unroll 3
        for (size_t j = 0; j < kVectors; ++j) acc[i][j] += Load(sums(i, j));
    }
    if (chain == t.chains) break;
#pragma GCC unroll 16
    for (size_t i = 0; i < kRun; ++i)
#pragma GCC unroll 3
      for (size_t j = 0; j < kVectors; ++j) Store(sums(i, j), acc[i][j]), acc[i][j] = V{};
  }
  if (!t.out) {
#pragma GCC unroll 16
    for (size_t i = 0; i < kRun; ++i)
#pragma GCC unroll 3
      for (size_t j = 0; j < kVectors; ++j) Store(sums(i, j), acc[i][j]);
    return;
  }
  if (t.residual) {
#pragma GCC unroll 16
    for (size_t i = 0; i < kRun; ++i)
#pragma GCC unroll 3
      for (size_t j = 0; j < kVectors; ++j)
        acc[i][j] += Load(t.residual + j * t.residual_block + t.residual_at[i]);
  }
  const V low = Splat(t.low), high = Splat(t.high);
#pragma GCC unroll 3
  for (size_t j = 0; j < kVectors; ++j) {
    const V bias = Load(t.bias + j * kLanes);
#pragma GCC unroll 16
    for (size_t i = 0; i < kRun; ++i) acc[i][j] = AtMost(AtLeast(acc[i][j] + bias, low), high);
  }
  // Read before anything is stored, which could change them for all that the compiler knows.
  float* out[kRun];
  const size_t block = t.out_block;
#pragma GCC unroll 16
  for (size_t i = 0; i < kRun; ++i) out[i] = t.out + t.out_at[i];
#pragma GCC unroll 3
  for (size_t j = 0; j < kVectors; ++j)
#pragma GCC unroll 16
    for (size_t i = 0; i < kRun; ++i) Store(out[i] + j * block, acc[i][j]);
}

typedef void (*BlockedTileFunction)(const BlockedTile& tile);

// Entry [run - 1].
template <size_t kMost>
struct BlockedTileFunctions {
  BlockedTileFunction of[kMost];
};

template <size_t kVectors, size_t kStep, size_t kRun, size_t kMost>
static constexpr void FillBlockedTiles(BlockedTileFunctions<kMost>& f) {
  if constexpr (kRun > 0) {
    f.of[kRun - 1] = BlockedTileOf<kRun, kVectors, kStep>;
    FillBlockedTiles<kVectors, kStep, kRun - 1>(f);
  }
}

template <size_t kVectors, size_t kStep>
static void RunBlockedTile(const BlockedTile& t) {
  constexpr size_t kMost = kBlockedPixels[kVectors];
  static constexpr auto kByRun = [] {
    BlockedTileFunctions<kMost> f = {};
    FillBlockedTiles<kVectors, kStep, kMost>(f);
    return f;
  }();
  kByRun.of[t.run - 1](t);
}

template <size_t kStep>
static void RunBlockedTileOfStep(const BlockedTile& t) {
  if (t.vectors == 1) return RunBlockedTile<1, kStep>(t);
  t.vectors == 2 ? RunBlockedTile<2, kStep>(t) : RunBlockedTile<3, kStep>(t);
}

static void RunBlockedTiles(const BlockedTile& t) {
  if constexpr (kScatteredPixels) return RunBlockedTileOfStep<0>(t);
  t.step == kLanes ? RunBlockedTileOfStep<kLanes>(t) : RunBlockedTileOfStep<2 * kLanes>(t);
}

}  // namespace convfuse::CONVFUSE_ISA
