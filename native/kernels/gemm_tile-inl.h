// The GEMM micro-kernel: kMr x kNv accumulators stay in registers over the whole of k.  Contract in
// gemm_tile.h.
#pragma once
#include "kernels/direct_size-inl.h"
#include "kernels/element-inl.h"
#include "kernels/gemm_tile.h"

namespace convfuse::CONVFUSE_ISA {

// 32 registers: 24 accumulators, 3 of B, a broadcast of A.  16 registers with FMA from memory:
// 12 accumulators, 2 of B, 1 of A.  16 without FMA also need the product: 8 accumulators.
#if defined(CONVFUSE_HAS_AVX2)
constexpr size_t kMr = 6, kNv = 2;
#else
constexpr size_t kMr = kRegisters == 32 ? 8 : 4, kNv = kRegisters == 32 ? 3 : 2;
#endif
constexpr size_t kNr = kNv * kLanes;

// Rows of a tile of several chains.  With 32 registers half as many, so that the sums of all chains
// stay in registers beside those of the current one.
constexpr size_t kChainRows = kRegisters == 32 ? kMr / 2 : kMr;

// acc[i][j] += a[i] * vector j of b: one step of k.
template <size_t kRows, size_t kVectors>
CONVFUSE_INLINE void MultiplyRow(const float* a, const float* b, V (&acc)[kRows][kVectors]) {
  V column[kVectors];
#pragma GCC unroll 4
  for (size_t j = 0; j < kVectors; ++j) column[j] = Load(b + j * kLanes);
#pragma GCC unroll 8
  for (size_t i = 0; i < kRows; ++i) {
    const V row = SplatElement(a + i);
#pragma GCC unroll 4
    for (size_t j = 0; j < kVectors; ++j) acc[i][j] = MultiplyAdd(acc[i][j], row, column[j]);
  }
}

// Adds residual and bias to rows [first, first + kRows) of the tile, clamps and stores them; rows
// past t.rows are dropped.
template <bool kStream, size_t kRows, size_t kVectors>
CONVFUSE_INLINE void FinishRows(const GemmTile& t, size_t first, V (&acc)[kRows][kVectors]) {
  const V low = Splat(t.low), high = Splat(t.high);
  const size_t last = t.cols - (kVectors - 1) * kLanes;
#pragma GCC unroll 8
  for (size_t i = 0; i < kRows; ++i) {
    if (first + i >= t.rows) return;
    const V bias = t.bias ? Splat(t.bias[first + i]) : V{};
    float* c = t.c + (first + i) * t.c_stride;
    const float* add = t.add ? t.add + (first + i) * t.add_stride : nullptr;
#pragma GCC unroll 4
    for (size_t j = 0; j < kVectors; ++j) {
      const bool whole = j + 1 < kVectors || last == kLanes;
      V v = acc[i][j];
      if (add) v += whole ? Load(add + j * kLanes) : LoadN(add + j * kLanes, last);
      v = AtMost(AtLeast(v + bias, low), high);
      if constexpr (kStream)
        Stream(c + j * kLanes, v);
      else if (whole)
        Store(c + j * kLanes, v);
      else
        StoreN(c + j * kLanes, v, last);
    }
  }
}

// Packing beside the products costs nothing: it loads and rounds in units of the CPU that products
// leave idle, and waits for memory while they go on (96-24 @56: 0.76 of the time of one after the
// other).
template <size_t kVectors, bool kStream, bool kPacks>
static void TileOf(const GemmTile& t) {
  V acc[kMr][kVectors];
#pragma GCC unroll 8
  for (size_t i = 0; i < kMr; ++i)
#pragma GCC unroll 4
    for (size_t j = 0; j < kVectors; ++j) acc[i][j] = V{};
  const float* a = t.a;
  const float* b = t.b;
  const float* ahead = t.ahead;
  const size_t b_stride = t.b_stride, ahead_stride = t.ahead_stride;
  size_t left = t.k;
  // Most tiles of a panel have nothing to fetch.  With AVX2, a fetch beside each product would cost
  // a seventh of the time where another thread shares the core (direct_size-inl.h).
  if constexpr (kProductsPerTurn > 1) {
    for (; ahead_stride == 0 && left >= kProductsPerTurn; left -= kProductsPerTurn) {
#pragma GCC unroll 4
      for (size_t u = 0; u < kProductsPerTurn; ++u, b += b_stride) MultiplyRow(a + u * kMr, b, acc);
      a += kProductsPerTurn * kMr;
    }
  }
  const float* x = t.pack_x;
  float* to = t.pack_to;
  const Mask exist = ToMask(LaneRange(0, static_cast<ptrdiff_t>(t.pack_lanes)));
  for (; left > 0; --left, a += kMr, b += b_stride, ahead += ahead_stride) {
    if constexpr (kElementChannels == 1) {
      __builtin_prefetch(ahead, 0, 3);
    } else {
      // Into L2: L1 has no room for a panel of floats beside two of pairs.
      __builtin_prefetch(ahead, 0, 2);
      ahead += ahead_stride;
      __builtin_prefetch(ahead, 0, 2);
    }
    if constexpr (kPacks) {
      const float* second = x + t.pack_stride;
      Store(to, Join(LoadMasked(x, exist), LoadMasked(second, exist)));
      x = second + t.pack_stride;
      to += kNr;
    }
    MultiplyRow(a, b, acc);
  }
  FinishRows<kStream>(t, 0, acc);
}

// Rows of B that lie anywhere (b_at), in one chain or in several.
template <size_t kVectors, size_t kRows, bool kChains>
static void ScatteredOf(const GemmTile& t, size_t first) {
  V acc[kRows][kVectors], sums[kRows][kVectors];
  const float* a = t.a + first;
  const uint32_t* at = t.b_at;
  for (size_t chain = 1;; ++chain, a += t.chain_jump) {
#pragma GCC unroll 8
    for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 4
      for (size_t j = 0; j < kVectors; ++j) acc[i][j] = V{};
    for (const uint32_t* const end = at + t.k; at < end; ++at, a += kMr)
      MultiplyRow(a, t.b + *at, acc);
    if constexpr (!kChains) break;
#pragma GCC unroll 8
    for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 4
      for (size_t j = 0; j < kVectors; ++j) {
        if (chain > 1) acc[i][j] += sums[i][j];
        sums[i][j] = acc[i][j];
      }
    if (chain == t.chains) break;
  }
  FinishRows<false>(t, first, acc);
}

template <size_t kVectors>
static void ScatteredColumns(const GemmTile& t) {
  if (t.chains == 1) return ScatteredOf<kVectors, kMr, false>(t, 0);
  for (size_t row = 0; row < t.rows; row += kChainRows)
    ScatteredOf<kVectors, kChainRows, true>(t, row);
}

template <bool kPacks>
static void TileOfColumns(const GemmTile& t) {
  const size_t vectors = (t.cols + kLanes - 1) / kLanes;
  if (t.stream && t.cols == kNr) return TileOf<kNv, true, kPacks>(t);
  vectors == 1   ? TileOf<1, false, kPacks>(t)
  : vectors == 2 ? TileOf<2, false, kPacks>(t)
                 : TileOf<kNv, false, kPacks>(t);
}

static void Tile(const GemmTile& t) {
  const size_t vectors = (t.cols + kLanes - 1) / kLanes;
  // Pairs lie in panels.
  if constexpr (kElementChannels == 1) {
    if (t.b_at)
      return vectors == 1   ? ScatteredColumns<1>(t)
             : vectors == 2 ? ScatteredColumns<2>(t)
                            : ScatteredColumns<kNv>(t);
  }
  if constexpr (kElementChannels > 1) {
    if (t.pack_to) return TileOfColumns<true>(t);
  }
  TileOfColumns<false>(t);
}

}  // namespace convfuse::CONVFUSE_ISA
