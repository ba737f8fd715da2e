// The direct kernel on blocked activations; contract in direct.h.
#pragma once
#include "kernels/direct.h"
#include "kernels/element-inl.h"
#include "kernels/pixel_steps-inl.h"

namespace convfuse::CONVFUSE_ISA {

// Addresses of a tile's pixels.  With kScatteredPixels, a pointer (and a register) for each.  Else
// the pixels of each half of the tile lie `steps` apart, and the second half begins `jump` floats
// after the first.
template <size_t kRun>
struct TilePixels {
  const float* at[kScatteredPixels ? kRun : 1];
  PixelSteps steps;
  ptrdiff_t jump;
};

template <size_t kRun>
CONVFUSE_INLINE void LocateTile(const BlockedTile& t, TilePixels<kRun>* pixels) {
  if constexpr (kScatteredPixels) {
#pragma GCC unroll 16
    for (size_t i = 0; i < kRun; ++i) {
      pixels->at[i] = t.x + t.x_at[i];
      // Keeps the sum in a register; it would be computed again for every product.
      asm("" : "+r"(pixels->at[i]));
    }
  } else {
    pixels->at[0] = t.x + t.x_at[0];
    pixels->steps = StepsOf(t.step);
    pixels->jump = kRun > kHalfTile ? static_cast<ptrdiff_t>(t.x_at[kHalfTile]) - t.x_at[0] : 0;
    asm("" : "+r"(pixels->jump));
  }
}

// The element `offset` floats behind pixel i, in all lanes.
template <size_t kRun>
CONVFUSE_INLINE V SplatPixel(const TilePixels<kRun>& pixels, size_t offset, size_t i) {
  if constexpr (kScatteredPixels) {
    return SplatElement(pixels.at[i] + offset);
  } else {
    const float* p = pixels.at[0] + offset;
    if (i >= kHalfTile) p += pixels.jump;
    return SplatElement(PixelAt(p, pixels.steps, i % kHalfTile));
  }
}

#if !defined(CONVFUSE_HAS_HALVES)
typedef V Vh;
CONVFUSE_INLINE Vh Lower(V v) { return v; }
CONVFUSE_INLINE V Widen(Vh v) { return v; }
#endif

// Whether each run has a function of its own.  With bfloat16 several runs share one, which computes
// up to three pixels too many and does not store them: as fast where a row is many tiles, and a
// third of the code.
constexpr bool kEveryRun = kElementChannels == 1;
constexpr size_t kSharedRuns[] = {4, kHalfTile, 11, kDirectPixels};

// Tiles that are computed most take several products in a turn of the loop: groups, and others
// where a slice or two are computed.
template <size_t kRun, size_t kVectors>
constexpr bool kTakesGroups = kGroupedProducts > 1 && kRun + (kVectors > 1) >= kBlockedPixels[kVectors];
template <size_t kRun, size_t kVectors>
constexpr bool kTakesTurns =
    kProductsPerTurn > 1 && kVectors % kDirectVectors == 0 && kRun == kBlockedPixels[kVectors];

// The sums of a tile.  kHalf: those of the last vector are in `last`, lower halves of vectors.
template <size_t kRun, size_t kVectors, bool kHalf>
struct TileSums {
  static constexpr size_t kWhole = kHalf ? kVectors - 1 : kVectors;
  V acc[kRun][kVectors];
  [[maybe_unused]] Vh last[kRun];
};

template <size_t kRun, size_t kVectors, bool kHalf>
CONVFUSE_INLINE void ClearSums(TileSums<kRun, kVectors, kHalf>* sums) {
#pragma GCC unroll 16
  for (size_t i = 0; i < kRun; ++i) {
#pragma GCC unroll 4
    for (size_t j = 0; j < sums->kWhole; ++j) sums->acc[i][j] = V{};
    if constexpr (kHalf) sums->last[i] = Vh{};
  }
}

// One product of each pixel.  `jump`: from a slice's weights to the next slice's.  What there are
// fewer of stays in registers: vectors of weights, or pixels.
template <size_t kRun, size_t kVectors, bool kHalf>
CONVFUSE_INLINE void AddProducts(const TilePixels<kRun>& pixels, size_t offset, const float* weight,
                                 size_t jump, TileSums<kRun, kVectors, kHalf>* sums) {
  const auto row_at = [&](size_t j) {
    return Load(j < kDirectVectors ? weight + j * kLanes
                                   : weight + jump + (j - kDirectVectors) * kLanes);
  };
  if constexpr (kRun < kVectors && !kHalf) {
    V x[kRun];
#pragma GCC unroll 4
    for (size_t i = 0; i < kRun; ++i) x[i] = SplatPixel(pixels, offset, i);
#pragma GCC unroll 4
    for (size_t j = 0; j < kVectors; ++j) {
      const V row = row_at(j);
#pragma GCC unroll 4
      for (size_t i = 0; i < kRun; ++i) sums->acc[i][j] = MultiplyAdd(sums->acc[i][j], x[i], row);
    }
  } else {
    V row[kVectors];
#pragma GCC unroll 4
    for (size_t j = 0; j < kVectors; ++j) row[j] = row_at(j);
#pragma GCC unroll 16
    for (size_t i = 0; i < kRun; ++i) {
      const V x = SplatPixel(pixels, offset, i);
#pragma GCC unroll 4
      for (size_t j = 0; j < sums->kWhole; ++j)
        sums->acc[i][j] = MultiplyAdd(sums->acc[i][j], x, row[j]);
      if constexpr (kHalf) sums->last[i] += Lower(x) * Lower(row[sums->kWhole]);
    }
  }
}

// A chain of products of each pixel, from t.product + first on.
template <size_t kRun, size_t kVectors, bool kHalf>
CONVFUSE_INLINE void AddChain(const BlockedTile& t, const TilePixels<kRun>& pixels, size_t first,
                              const float* w, TileSums<kRun, kVectors, kHalf>* sums) {
  const BlockedProduct* product = t.product + first;
  const BlockedProduct* const end = product + t.k;
  const float* ahead = t.ahead;
  const size_t jump = t.weight_jump;
  if constexpr (kTakesGroups<kRun, kVectors>)
    for (size_t turns = t.grouped / kGroupedProducts; turns > 0; --turns) {
      __builtin_prefetch(ahead + product->ahead, 0, 3);
      __builtin_prefetch(ahead + product->ahead + kLineFloats, 0, 3);
#pragma GCC unroll 8
      for (size_t u = 0; u < kGroupedProducts; ++u)
        AddProducts(pixels, product->offset + u, w + u * kDirectChannels, jump, sums);
      product += kGroupedProducts;
      w += kGroupedProducts * kDirectChannels;
    }
  if constexpr (kTakesTurns<kRun, kVectors>)
    for (size_t turns = static_cast<size_t>(end - product) / kProductsPerTurn; turns > 0; --turns) {
      __builtin_prefetch(ahead + product->ahead, 0, 3);
#pragma GCC unroll 4
      for (size_t u = 0; u < kProductsPerTurn; ++u)
        AddProducts(pixels, product[u].offset, w + u * kDirectChannels, jump, sums);
      product += kProductsPerTurn;
      w += kProductsPerTurn * kDirectChannels;
    }
  for (; product < end; ++product, w += kDirectChannels) {
    __builtin_prefetch(ahead + product->ahead, 0, 3);
    AddProducts(pixels, product->offset, w, jump, sums);
  }
}

// kHalf: of the last vector of channels, only the lower half of the lanes is computed.
template <size_t kRun, size_t kVectors, bool kHalf>
static void BlockedTileOf(const BlockedTile& t) {
  TilePixels<kRun> pixels;
  LocateTile(t, &pixels);
  TileSums<kRun, kVectors, kHalf> tile;
  V(&acc)[kRun][kVectors] = tile.acc;
  [[maybe_unused]] const size_t run = t.run;
  const auto exists = [&](size_t i) { return kEveryRun || i < run; };
  const auto sums = [&](size_t i, size_t j) {
    return t.sums + i * kDirectChannels +
           (j < kDirectVectors ? j * kLanes : t.sums_jump + (j - kDirectVectors) * kLanes);
  };
  const float* w = t.weight;
  for (size_t chain = 1;; ++chain, w += t.k * kDirectChannels + t.chain_jump) {
    ClearSums(&tile);
    AddChain(t, pixels, (chain - 1) * t.k, w, &tile);
    if constexpr (kHalf) {
#pragma GCC unroll 16
      for (size_t i = 0; i < kRun; ++i) acc[i][kVectors - 1] = Widen(tile.last[i]);
    }
    if (t.add || chain > 1) {
#pragma GCC unroll 16
      for (size_t i = 0; i < kRun; ++i)
#pragma GCC unroll 4
        for (size_t j = 0; j < kVectors; ++j)
          if (exists(i)) acc[i][j] += Load(sums(i, j));
    }
    if (chain == t.chains) break;
#pragma GCC unroll 16
    for (size_t i = 0; i < kRun; ++i)
#pragma GCC unroll 4
      for (size_t j = 0; j < kVectors; ++j)
        if (exists(i)) Store(sums(i, j), acc[i][j]);
  }
  if (!t.out) {
#pragma GCC unroll 16
    for (size_t i = 0; i < kRun; ++i)
#pragma GCC unroll 4
      for (size_t j = 0; j < kVectors; ++j)
        if (exists(i)) Store(sums(i, j), acc[i][j]);
    return;
  }
  if (t.residual) {
#pragma GCC unroll 16
    for (size_t i = 0; i < kRun; ++i)
#pragma GCC unroll 4
      for (size_t j = 0; j < kVectors; ++j)
        if (exists(i)) acc[i][j] += Load(t.residual + j * t.residual_block + t.residual_at[i]);
  }
  const V low = Splat(t.low), high = Splat(t.high);
#pragma GCC unroll 4
  for (size_t j = 0; j < kVectors; ++j) {
    const V bias = Load(t.bias + j * kLanes);
#pragma GCC unroll 16
    for (size_t i = 0; i < kRun; ++i) acc[i][j] = AtMost(AtLeast(acc[i][j] + bias, low), high);
  }
  // All addresses are read before the first store, which might change them as far as the compiler
  // knows.
  float* out[kRun];
  const size_t block = t.out_block;
#pragma GCC unroll 16
  for (size_t i = 0; i < kRun; ++i) out[i] = exists(i) ? t.out + t.out_at[i] : nullptr;
#pragma GCC unroll 4
  for (size_t v = 0; v < kVectors; ++v) {
    const size_t j = kVectors - 1 - v;
#pragma GCC unroll 16
    for (size_t i = 0; i < kRun; ++i)
      if (exists(i)) Store(out[i] + j * block, acc[i][j]);
  }
}

typedef void (*BlockedTileFunction)(const BlockedTile& tile);

// Entry [run - 1].
template <size_t kMost>
struct BlockedTileFunctions {
  BlockedTileFunction of[kMost];
};

template <size_t kVectors, bool kHalf, size_t kRun, size_t kMost>
static constexpr void FillBlockedTiles(BlockedTileFunctions<kMost>& f) {
  if constexpr (kRun > 0) {
    // Short runs are rare: they compute whole vectors, which saves a function each.
    f.of[kRun - 1] = BlockedTileOf<kRun, kVectors, kHalf && kRun * 2 >= kMost>;
    FillBlockedTiles<kVectors, kHalf, kRun - 1>(f);
  }
}

template <size_t kVectors, bool kHalf>
static void RunBlockedTile(const BlockedTile& t) {
  constexpr size_t kMost = kBlockedPixels[kVectors];
  static constexpr auto kByRun = [] {
    BlockedTileFunctions<kMost> f = {};
    FillBlockedTiles<kVectors, kHalf, kMost>(f);
    return f;
  }();
  kByRun.of[t.run - 1](t);
}

[[maybe_unused]] static void RunSharedTile(const BlockedTile& t) {
  if (t.run <= kSharedRuns[0]) return BlockedTileOf<kSharedRuns[0], 2, false>(t);
  if (t.run <= kSharedRuns[1]) return BlockedTileOf<kSharedRuns[1], 2, false>(t);
  if (t.run <= kSharedRuns[2]) return BlockedTileOf<kSharedRuns[2], 2, false>(t);
  BlockedTileOf<kSharedRuns[3], 2, false>(t);
}

static void RunBlockedTiles(const BlockedTile& t) {
  if constexpr (!kEveryRun) return RunSharedTile(t);
  if (t.vectors == 1) return RunBlockedTile<1, false>(t);
#if defined(CONVFUSE_HAS_HALVES)
  if (t.half && t.vectors < 4)
    return t.vectors == 2 ? RunBlockedTile<2, true>(t) : RunBlockedTile<3, true>(t);
#endif
  if constexpr (kBlockedPixels[4] > 0) {
    if (t.vectors == 4) return RunBlockedTile<4, false>(t);
  }
  t.vectors == 2 ? RunBlockedTile<2, false>(t) : RunBlockedTile<3, false>(t);
}

}  // namespace convfuse::CONVFUSE_ISA
