// Winograd transforms.  Each lane is a channel, so that no data moves between lanes, except in the
// copy from planes.  Contract in winograd.h.
#pragma once
#include "kernels/direct_size-inl.h"
#include "kernels/transpose-inl.h"
#include "kernels/winograd.h"

namespace convfuse::CONVFUSE_ISA {

// The six points are 0, +-kPointA, +-kPointB and infinity.
constexpr float kPointA = 0.75f, kPointB = 1.5f;
constexpr float kA2 = kPointA * kPointA, kB2 = kPointB * kPointB;

// t = B^T d, one dimension.  Elements of d lie kIn apart, those of t kOut.
template <WinogradKind kKind, size_t kIn, size_t kOut>
CONVFUSE_INLINE void InputPoints(const V* d, V* t) {
  if constexpr (kKind == WinogradKind::kF2) {
    const V d0 = d[0], d1 = d[kIn], d2 = d[2 * kIn], d3 = d[3 * kIn];
    t[0] = d0 - d2;
    t[kOut] = d1 + d2;
    t[2 * kOut] = d2 - d1;
    t[3 * kOut] = d1 - d3;
  } else if constexpr (kKind == WinogradKind::kStride2) {
    // Even elements meet taps 0 and 2: two outputs of a 2-tap filter in three products.  Odd
    // elements meet tap 1 alone.
    const V d0 = d[0], d1 = d[kIn], d2 = d[2 * kIn], d3 = d[3 * kIn], d4 = d[4 * kIn];
    t[0] = d0 - d2;
    t[kOut] = d2;
    t[2 * kOut] = d4 - d2;
    t[3 * kOut] = d1;
    t[4 * kOut] = d3;
  } else {
    const V d0 = d[0], d1 = d[kIn], d2 = d[2 * kIn], d3 = d[3 * kIn], d4 = d[4 * kIn];
    const V d5 = d[5 * kIn];
    t[0] = d0 * (kA2 * kB2) + (d4 - d2 * (kA2 + kB2));
    const V even_a = d4 - d2 * kB2, odd_a = d3 - d1 * kB2;
    t[kOut] = even_a + odd_a * kPointA;
    t[2 * kOut] = even_a - odd_a * kPointA;
    const V even_b = d4 - d2 * kA2, odd_b = d3 - d1 * kA2;
    t[3 * kOut] = even_b + odd_b * kPointB;
    t[4 * kOut] = even_b - odd_b * kPointB;
    t[5 * kOut] = d1 * (kA2 * kB2) + (d5 - d3 * (kA2 + kB2));
  }
}

// y = A^T q, one dimension.
template <WinogradKind kKind, size_t kIn, size_t kOut>
CONVFUSE_INLINE void OutputPoints(const V* q, V* y) {
  if constexpr (kKind == WinogradKind::kF2) {
    y[0] = q[0] + q[kIn] + q[2 * kIn];
    y[kOut] = q[kIn] - q[2 * kIn] - q[3 * kIn];
  } else if constexpr (kKind == WinogradKind::kStride2) {
    y[0] = q[0] + q[kIn] + q[3 * kIn];
    y[kOut] = q[kIn] + q[2 * kIn] + q[4 * kIn];
  } else {
    const V sum_a = q[kIn] + q[2 * kIn], difference_a = q[kIn] - q[2 * kIn];
    const V sum_b = q[3 * kIn] + q[4 * kIn], difference_b = q[3 * kIn] - q[4 * kIn];
    y[0] = q[0] + sum_a + sum_b;
    y[kOut] = difference_a * kPointA + difference_b * kPointB;
    if constexpr (kKind == WinogradKind::kF4) {
      y[2 * kOut] = sum_a * kA2 + sum_b * kB2;
      y[3 * kOut] = difference_a * (kA2 * kPointA) + (difference_b * (kB2 * kPointB) + q[5 * kIn]);
    } else {
      y[2 * kOut] = sum_a * kA2 + (sum_b * kB2 + q[5 * kIn]);
    }
  }
}

template <WinogradKind kKind>
static void TransformInput(const WinogradInput& w) {
  constexpr size_t kTile = kWinogradSizes[static_cast<int>(kKind)].tile;
  const size_t row = w.width * kLanes;
  float* v = w.v;
  for (size_t ty = 0; ty < w.tiles_high; ++ty) {
    const float* in = w.in + ty * w.step * row;
    for (size_t tx = 0; tx < w.tiles_wide; ++tx, in += w.step * kLanes, v += kLanes) {
      V t[kTile * kTile];
#pragma GCC unroll 6
      for (size_t j = 0; j < kTile; ++j) {
        V d[kTile];
#pragma GCC unroll 6
        for (size_t i = 0; i < kTile; ++i) d[i] = Load(in + i * row + j * kLanes);
        InputPoints<kKind, 1, kTile>(d, t + j);
      }
#pragma GCC unroll 6
      for (size_t i = 0; i < kTile; ++i) {
        V points[kTile];
        InputPoints<kKind, 1, 1>(t + i * kTile, points);
#pragma GCC unroll 6
        for (size_t j = 0; j < kTile; ++j)
          Store(v + (i * kTile + j) * w.point_stride, points[j]);
      }
    }
  }
}

template <WinogradKind kKind>
static void TransformOutput(const WinogradOutput& w) {
  constexpr WinogradSizes kSizes = kWinogradSizes[static_cast<int>(kKind)];
  constexpr size_t kTile = kSizes.tile, kOutputs = kSizes.outputs;
  const float* sums = w.sums;
  for (size_t ty = 0; ty < w.tiles_high; ++ty) {
    const size_t rows = w.height - ty * kOutputs;
    for (size_t tx = 0; tx < w.tiles_wide; ++tx, sums += kDirectChannels) {
      // The grid may reach past the last column.
      const size_t cols = tx * kOutputs < w.width ? w.width - tx * kOutputs : 0;
      for (size_t part = 0; part < w.vectors * kLanes; part += kLanes) {
        V z[kOutputs * kTile];
#pragma GCC unroll 6
        for (size_t j = 0; j < kTile; ++j) {
          V q[kTile];
#pragma GCC unroll 6
          for (size_t i = 0; i < kTile; ++i)
            q[i] = Load(sums + (i * kTile + j) * w.point_stride + part);
          OutputPoints<kKind, 1, kTile>(q, z + j);
        }
        float* out = w.out + ((ty * w.width + tx) * kOutputs) * kDirectChannels + part;
#pragma GCC unroll 4
        for (size_t i = 0; i < kOutputs; ++i) {
          V y[kOutputs];
          OutputPoints<kKind, 1, 1>(z + i * kTile, y);
          if (i >= rows) break;
#pragma GCC unroll 4
          for (size_t j = 0; j < kOutputs; ++j)
            if (j < cols) Store(out + (i * w.width + j) * kDirectChannels, y[j]);
        }
      }
    }
  }
}

// kLanes pixels, every one or every other.
template <size_t kStride>
CONVFUSE_INLINE V LoadPixels(const float* from) {
  if constexpr (kStride == 1) return Load(from);
  return Even(Load(from), Load(from + kLanes));
}

// The same from column `at` of a row, zero outside it.
template <size_t kStride>
CONVFUSE_INLINE V LoadInside(const float* row, ptrdiff_t at, ptrdiff_t width) {
  const ptrdiff_t lanes = kLanes;
  const V low = LoadMasked(row + at, LaneRange(-at, width - at));
  if constexpr (kStride == 1) return low;
  return Even(low, LoadMasked(row + at + lanes, LaneRange(-at - lanes, width - at - lanes)));
}

template <size_t kStride>
static void CopyBlockedOf(const BlockedCopy& c) {
  alignas(64) static constexpr float kZeros[2 * kLanes] = {};
  const ptrdiff_t width = static_cast<ptrdiff_t>(c.in_width);
  float* out = c.out;
  for (size_t y = 0; y < c.rows; ++y) {
    // A row outside the input, or of no plane, reads kZeros at every column.
    const float* from[kLanes];
    ptrdiff_t there[kLanes];
    for (size_t l = 0; l < kLanes; ++l) {
      // Negative rows wrap to large ones.
      const size_t row = static_cast<size_t>(c.row) + y * kStride + c.dy[l];
      const bool exists = c.plane[l] && row < c.in_height;
      from[l] = exists ? c.plane[l] + row * c.in_width : kZeros;
      there[l] = exists ? -1 : 0;
    }
    for (size_t x = 0; x < c.width; x += kLanes) {
      const ptrdiff_t first = c.col + static_cast<ptrdiff_t>(x * kStride);
      const bool inside =
          first >= 0 && first + static_cast<ptrdiff_t>(kStride * (kLanes + 1)) - 1 <= width;
      V block[kLanes];
      if (inside) {
#pragma GCC unroll 16
        for (size_t l = 0; l < kLanes; ++l)
          block[l] = LoadPixels<kStride>(from[l] + ((first + c.dx[l]) & there[l]));
      } else {
#pragma GCC unroll 16
        for (size_t l = 0; l < kLanes; ++l)
          block[l] = there[l] ? LoadInside<kStride>(from[l], first + c.dx[l], width) : V{};
      }
      Transpose(block);
      const size_t pixels = c.width - x < kLanes ? c.width - x : kLanes;
#pragma GCC unroll 16
      for (size_t i = 0; i < kLanes; ++i)
        if (i < pixels) Store(out + i * kLanes, block[i]);
      out += pixels * kLanes;
    }
  }
}

static void CopyBlocked(const BlockedCopy& c) {
  c.stride == 1 ? CopyBlockedOf<1>(c) : CopyBlockedOf<2>(c);
}

}  // namespace convfuse::CONVFUSE_ISA
