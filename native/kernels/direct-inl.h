// The direct kernel; contract in direct.h.
#pragma once
#include "kernels/direct.h"
#include "kernels/transpose-inl.h"

namespace convfuse::CONVFUSE_ISA {

// 32 registers: 28 accumulators, 2 of weights, a broadcast.  16: 12, 2 and 1 with FMA; without it
// the product needs one too.
constexpr size_t kDirectVectors = 2;
constexpr size_t kDirectChannels = kDirectVectors * kLanes;
#if defined(__AVX2__) && !defined(__AVX512F__)
constexpr size_t kDirectPixels = 6;
#else
constexpr size_t kDirectPixels = kRegisters == 32 ? 14 : 4;
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
  for (size_t k = 0; k < t.k; ++k, w += kDirectChannels) {
    const float* p = x + t.offset[k];
    V row[kDirectVectors];
#pragma GCC unroll 2
    for (size_t j = 0; j < kDirectVectors; ++j) row[j] = Load(w + j * kLanes);
#pragma GCC unroll 2
    for (size_t r = 0; r < kRuns; ++r)
#pragma GCC unroll 16
      for (size_t i = 0; i < kRun; ++i) {
        const V pixel = Splat(p[r * jump + i * kStep]);
#pragma GCC unroll 2
        for (size_t j = 0; j < kDirectVectors; ++j) acc[r * kRun + i][j] += pixel * row[j];
      }
  }
#pragma GCC unroll 16
  for (size_t i = 0; i < kRuns * kRun; ++i)
#pragma GCC unroll 2
    for (size_t j = 0; j < kDirectVectors; ++j) {
      float* s = t.sums + i * kDirectChannels + j * kLanes;
      Store(s, t.add ? Load(s) + acc[i][j] : acc[i][j]);
    }
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

static void CopyPadded(const PaddedCopy& c) {
  const ptrdiff_t height = static_cast<ptrdiff_t>(c.in_height);
  const ptrdiff_t inside = static_cast<ptrdiff_t>(c.in_width), left = static_cast<ptrdiff_t>(c.left);
  for (size_t channel = 0; channel < c.channels; ++channel) {
    const float* plane = c.in + channel * c.in_height * c.in_width;
    for (size_t y = 0; y < c.rows; ++y) {
      float* out = c.out + channel * c.channel_stride + y * c.row_stride;
      const ptrdiff_t row = c.row + static_cast<ptrdiff_t>(y);
      const bool zero = row < 0 || row >= height;
      const float* in = plane + row * inside - left;
      for (size_t x = 0; x < c.width; x += kLanes) {
        const ptrdiff_t at = static_cast<ptrdiff_t>(x);
        V v;
        if (zero)
          v = V{};
        else if (at >= left && at + static_cast<ptrdiff_t>(kLanes) <= left + inside)
          v = Load(in + at);
        else
          v = LoadMasked(in + at, LaneRange(left - at, left + inside - at));
        Store(out + x, v);  // rows are whole vectors: row_stride says so
      }
    }
  }
}

static void StoreDirect(const DirectStore& s) {
  const V low = Splat(s.low), high = Splat(s.high);
  for (size_t m = 0; m < s.channels; m += kLanes) {
    const size_t channels = s.channels - m < kLanes ? s.channels - m : kLanes;
    for (size_t p = 0; p < s.pixels; p += kLanes) {
      const size_t pixels = s.pixels - p < kLanes ? s.pixels - p : kLanes;
      V block[kLanes];
#pragma GCC unroll 16
      for (size_t i = 0; i < kLanes; ++i)
        block[i] = i < pixels ? Load(s.sums + (p + i) * kDirectChannels + m) : V{};
      Transpose(block);
      float* out = s.out + m * s.stride + p;
      const float* add = s.add ? s.add + m * s.stride + p : nullptr;
#pragma GCC unroll 16
      for (size_t i = 0; i < kLanes; ++i) {
        if (i >= channels) break;
        V v = block[i];
        if (add) v += pixels == kLanes ? Load(add + i * s.stride) : LoadN(add + i * s.stride, pixels);
        v = AtMost(AtLeast(v + Splat(s.bias[m + i]), low), high);
        if (pixels == kLanes)
          Store(out + i * s.stride, v);
        else
          StoreN(out + i * s.stride, v, pixels);
      }
    }
  }
}

}  // namespace convfuse::CONVFUSE_ISA
