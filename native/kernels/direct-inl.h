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
  const char* ahead = t.prefetch;
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
        const V pixel = Splat(p[r * jump + i * kStep]);
#pragma GCC unroll 2
        for (size_t j = 0; j < kDirectVectors; ++j) acc[r * kRun + i][j] += pixel * row[j];
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

// One row of the copy: vectors [0, begin) and [end, count) are zeros, the first and last of the
// rest may lie partly outside the input.
struct RowPlan {
  size_t begin, end, count;
  Vi first, last;
};

static RowPlan PlanRow(const PaddedCopy& c) {
  const ptrdiff_t left = static_cast<ptrdiff_t>(c.left), lanes = kLanes;
  const ptrdiff_t right = left + static_cast<ptrdiff_t>(c.in_width);
  const ptrdiff_t width = static_cast<ptrdiff_t>(c.width);
  RowPlan plan;
  plan.count = (c.width + kLanes - 1) / kLanes;
  const ptrdiff_t end = right < width ? right : width;  // of what is copied, in columns of `out`
  if (left >= end) {
    plan.begin = plan.end = plan.count;
    return plan;
  }
  plan.begin = c.left / kLanes;
  plan.end = (static_cast<size_t>(end) + kLanes - 1) / kLanes;
  plan.first = LaneRange(left % lanes, end - left / lanes * lanes);
  const ptrdiff_t last = static_cast<ptrdiff_t>(plan.end - 1) * lanes;
  plan.last = LaneRange(left - last, end - last);
  return plan;
}

CONVFUSE_INLINE void CopyRow(const RowPlan& plan, const float* in, float* out) {
  size_t v = 0;
  for (; v < plan.begin; ++v) Store(out + v * kLanes, V{});
  if (v < plan.end) {
    Store(out + v * kLanes, LoadMasked(in + v * kLanes, plan.first));
    for (++v; v + 1 < plan.end; ++v) Store(out + v * kLanes, Load(in + v * kLanes));
    if (v < plan.end) {
      Store(out + v * kLanes, LoadMasked(in + v * kLanes, plan.last));
      ++v;
    }
  }
  for (; v < plan.count; ++v) Store(out + v * kLanes, V{});
}

// Rows of `out` are whole vectors: row_stride has room for that.
static void CopyPadded(const PaddedCopy& c) {
  const RowPlan inside = PlanRow(c);
  RowPlan outside = inside;
  outside.begin = outside.end = outside.count;
  const ptrdiff_t height = static_cast<ptrdiff_t>(c.in_height);
  for (size_t channel = 0; channel < c.channels; ++channel) {
    const float* plane = c.in + channel * c.in_height * c.in_width;
    float* out = c.out + channel * c.channel_stride;
    for (size_t y = 0; y < c.rows; ++y, out += c.row_stride) {
      const ptrdiff_t row = c.row + static_cast<ptrdiff_t>(y);
      const ptrdiff_t at = row * static_cast<ptrdiff_t>(c.in_width) - static_cast<ptrdiff_t>(c.left);
      CopyRow(row < 0 || row >= height ? outside : inside, plane + at, out);
    }
  }
}

// A square block: its bias is added while channels are lanes, the residual once pixels are.
enum class StoreMode { kPart, kWhole, kStream };

template <StoreMode kMode, bool kAdds>
CONVFUSE_INLINE void StoreBlock(const float* sums, V bias, V low, V high, const float* add,
                                float* out, size_t stride, size_t channels, size_t pixels) {
  constexpr bool kWhole = kMode != StoreMode::kPart;
  V block[kLanes];
#pragma GCC unroll 16
  for (size_t i = 0; i < kLanes; ++i)
    block[i] = kWhole || i < pixels ? Load(sums + i * kDirectChannels) + bias : V{};
  Transpose(block);
#pragma GCC unroll 16
  for (size_t i = 0; i < kLanes; ++i, out += stride) {
    if (!kWhole && i >= channels) break;
    V v = block[i];
    if constexpr (kAdds) {
      v += kWhole ? Load(add) : LoadN(add, pixels);
      add += stride;
    }
    v = AtMost(AtLeast(v, low), high);
    if constexpr (kMode == StoreMode::kStream)
      Stream(out, v);
    else if constexpr (kWhole)
      Store(out, v);
    else
      StoreN(out, v, pixels);
  }
}

template <StoreMode kWholeMode, bool kAdds>
static void StoreBlocks(const DirectStore& s) {
  const V low = Splat(s.low), high = Splat(s.high);
  const size_t stride = s.stride, pixels = s.pixels;
  for (size_t m = 0; m < s.channels; m += kLanes) {
    const size_t channels = s.channels - m < kLanes ? s.channels - m : kLanes;
    const V bias = LoadN(s.bias + m, channels);
    const float* sums = s.sums + m;
    const float* add = kAdds ? s.add + m * stride : nullptr;
    float* out = s.out + m * stride;
    size_t p = 0;
    if (channels == kLanes)
      for (; p + kLanes <= pixels; p += kLanes)
        StoreBlock<kWholeMode, kAdds>(sums + p * kDirectChannels, bias, low, high, kAdds ? add + p : add,
                                out + p, stride, kLanes, kLanes);
    for (; p < pixels; p += kLanes)
      StoreBlock<StoreMode::kPart, kAdds>(sums + p * kDirectChannels, bias, low, high, kAdds ? add + p : add,
                               out + p, stride, channels,
                               pixels - p < kLanes ? pixels - p : kLanes);
  }
}

static void StoreDirect(const DirectStore& s) {
  const size_t bytes = kLanes * sizeof(float);
  if (s.stream && reinterpret_cast<uintptr_t>(s.out) % bytes == 0 && s.stride % kLanes == 0) {
    s.add ? StoreBlocks<StoreMode::kStream, true>(s) : StoreBlocks<StoreMode::kStream, false>(s);
    return Fence();
  }
  s.add ? StoreBlocks<StoreMode::kWhole, true>(s) : StoreBlocks<StoreMode::kWhole, false>(s);
}

}  // namespace convfuse::CONVFUSE_ISA
