// The GEMM micro-kernel: kMr x kNv accumulators in registers over the whole of k.
#pragma once
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

template <size_t kVectors, bool kStream, bool kAnywhere>
static void TileOf(const GemmTile& t) {
  V acc[kMr][kVectors];
#pragma GCC unroll 8
  for (size_t i = 0; i < kMr; ++i)
#pragma GCC unroll 4
    for (size_t j = 0; j < kVectors; ++j) acc[i][j] = V{};
  const float* a = t.a;
  const float* b = t.b;
  const float* ahead = t.ahead;
  for (size_t k = 0; k < t.k; ++k, a += kMr, b += t.b_stride, ahead += t.ahead_stride) {
    __builtin_prefetch(ahead, 0, 3);
    V column[kVectors];
#pragma GCC unroll 4
    for (size_t j = 0; j < kVectors; ++j)
      column[j] = Load((kAnywhere ? t.b + t.b_at[k] : b) + j * kLanes);
#pragma GCC unroll 8
    for (size_t i = 0; i < kMr; ++i) {
      const V row = SplatElement(a + i);
#pragma GCC unroll 4
      for (size_t j = 0; j < kVectors; ++j) acc[i][j] = MultiplyAdd(acc[i][j], row, column[j]);
    }
  }
  const V low = Splat(t.low), high = Splat(t.high);
  const size_t last = t.cols - (kVectors - 1) * kLanes;
#pragma GCC unroll 8
  for (size_t i = 0; i < kMr; ++i) {
    if (i >= t.rows) return;
    const V bias = t.bias ? Splat(t.bias[i]) : V{};
    float* c = t.c + i * t.c_stride;
    const float* add = t.add ? t.add + i * t.add_stride : nullptr;
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

template <bool kAnywhere>
static void TileOfColumns(const GemmTile& t) {
  switch ((t.cols + kLanes - 1) / kLanes) {
    case 1:
      return TileOf<1, false, kAnywhere>(t);
    case 2:
      return TileOf<2, false, kAnywhere>(t);
    default:
      return TileOf<kNv, false, kAnywhere>(t);
  }
}

static void Tile(const GemmTile& t) {
  if (t.b_at) return TileOfColumns<true>(t);
  t.stream && t.cols == kNr ? TileOf<kNv, true, false>(t) : TileOfColumns<false>(t);
}

}  // namespace convfuse::CONVFUSE_ISA
