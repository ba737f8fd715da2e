// The depthwise kernel on blocked activations: each lane is a channel.  With groups, the first,
// second ... channel of every group is copied to all lanes of its group in turn.  Contract in
// blocked.h.
#pragma once
#include "kernels/blocked.h"
#include "kernels/simd.h"

namespace convfuse::CONVFUSE_ISA {

// Pixels computed together.  A product has a latency of four cycles: seven independent sums hide
// most of it, and rows of 7, 14, 28 pixels divide evenly.
constexpr size_t kDepthwisePixels = 7;
// Vectors of up to 8 lanes start two products a cycle, and eight sums are then a little faster
// where they divide a row.
constexpr size_t kDepthwiseMorePixels = kLanes < 16 ? 8 : kDepthwisePixels;

// What a function is compiled for: the kernel's size and its stride along a row, or 0 where they
// are read from BlockedDepthwise; kGroups: share > 1.
template <size_t kSizeOf, size_t kStrideOf, bool kGroupsOf>
struct DepthwiseKind {
  static constexpr size_t kSize = kSizeOf, kStride = kStrideOf;
  static constexpr bool kGroups = kGroupsOf;
};

// For each lane, the first lane of its group: `share` divides the lanes, so it is a power of two.
CONVFUSE_INLINE Vi FirstOfGroups(size_t share) {
  Vi lane;
  for (size_t i = 0; i < kLanes; ++i) lane[i] = static_cast<int32_t>(i);
  return lane & SplatI(-static_cast<int32_t>(share));
}

// kPixels neighbouring outputs, of which the first one's first tap reads x.  With a compiled size,
// a pixel of a row is loaded once for all outputs whose windows contain it.
template <class Kind, size_t kPixels>
CONVFUSE_INLINE void DepthwisePixels(const BlockedDepthwise& d, const float* x, const float* add,
                                     float* out) {
  V acc[kPixels];
  const V bias = Load(d.bias);
#pragma GCC unroll 8
  for (size_t i = 0; i < kPixels; ++i) acc[i] = bias;
  const float* w = d.weight;
  const size_t jump = d.dilation[0] * d.x_row, share = Kind::kGroups ? d.share : 1;
  [[maybe_unused]] const Vi first = FirstOfGroups(share);
  const auto load = [&](const float* p, size_t channel) {
    V pixel = Load(p);
    if constexpr (Kind::kGroups) pixel = Pick(pixel, first + static_cast<int32_t>(channel));
    return pixel;
  };
  if constexpr (Kind::kSize > 0) {
    constexpr size_t kSize = Kind::kSize, kStride = Kind::kStride;
#pragma GCC unroll 1
    for (size_t y = 0; y < kSize; ++y, x += jump)
#pragma GCC unroll 1
      for (size_t c = 0; c < share; ++c, w += kSize * kLanes) {
        V weight[kSize];
#pragma GCC unroll 5
        for (size_t k = 0; k < kSize; ++k) weight[k] = Load(w + k * kLanes);
#pragma GCC unroll 19
        for (size_t j = 0; j < (kPixels - 1) * kStride + kSize; ++j) {
          V pixel = load(x + j * kLanes, c);
          Keep(pixel);  // otherwise the compiler loads it again for every product
#pragma GCC unroll 8
          for (size_t i = 0; i < kPixels; ++i)
            if (j >= i * kStride && j - i * kStride < kSize)
              acc[i] += weight[j - i * kStride] * pixel;
        }
      }
  } else {
    const size_t step = d.stride[1] * kLanes, reach = d.dilation[1] * kLanes;
    for (size_t y = 0; y < d.kernel[0]; ++y, x += jump)
      for (size_t c = 0; c < share; ++c)
        for (size_t k = 0; k < d.kernel[1]; ++k, w += kLanes) {
          const V weight = Load(w);
#pragma GCC unroll 8
          for (size_t i = 0; i < kPixels; ++i)
            acc[i] += weight * load(x + k * reach + i * step, c);
        }
  }
  const V low = Splat(d.low), highest = Splat(d.high);
#pragma GCC unroll 8
  for (size_t i = 0; i < kPixels; ++i) {
    V v = acc[i];
    if (add) v += Load(add + i * kLanes);
    Store(out + i * kLanes, AtMost(AtLeast(v, low), highest));
  }
}

// With a stride, the next row of outputs reads several new rows: more than the CPU's own prefetcher
// brings.  They are fetched into L2, like the lines of the outputs: a fetch into L1 would wait for
// one of the few misses that L1 allows at once.
static void FetchNewRows(const BlockedDepthwise& d, const float* x, const float* out) {
  const float* ahead = x + ((d.kernel[0] - 1) * d.dilation[0] + 1) * d.x_row;
  for (size_t row = 0; row < d.stride[0]; ++row, ahead += d.x_row)
    for (size_t i = 0; i < kDepthwisePixels * d.stride[1] * kLanes; i += 16)
      __builtin_prefetch(ahead + i, 0, 2);
  for (size_t i = 0; i < kDepthwisePixels * kLanes; i += 16)
    __builtin_prefetch(out + d.out_row + i, 0, 2);
}

// Least width for FetchNewRows: on narrower planes the next row follows too soon (576 @14, stride
// 2: 47 % of peak with it, 53 % without).
constexpr size_t kFetchedWidth = 14;

// Where a row of outputs reads and writes.
struct DepthwiseRow {
  const float* x;
  const float* add;
  float* out;
};

// Computes outputs of a row from p on, kPixels at a time, and returns the first that is left.  The
// last tile ends with the row and computes some outputs again; not with a residual, which may be
// the output itself and must not be added twice.
template <class Kind, size_t kPixels>
CONVFUSE_INLINE size_t DepthwiseRun(const BlockedDepthwise& d, const DepthwiseRow& row, size_t p) {
  while (p < d.width) {
    if (p + kPixels > d.width) {
      if (row.add || d.width < kPixels) break;
      p = d.width - kPixels;
    }
    const float* x = row.x + p * d.stride[1] * kLanes;
    if (kPixels > 1 && d.stride[0] > 1 && d.width >= kFetchedWidth)
      FetchNewRows(d, x, row.out + p * kLanes);
    DepthwisePixels<Kind, kPixels>(d, x, row.add ? row.add + p * kLanes : nullptr,
                                   row.out + p * kLanes);
    p += kPixels;
  }
  return p;
}

// Any kernel, and the outputs of a row that are fewer than a tile of the compiled ones.
template <bool kGroups>
static void DepthwiseRest(const BlockedDepthwise& d, const DepthwiseRow& row, size_t p) {
  p = DepthwiseRun<DepthwiseKind<0, 0, kGroups>, 4>(d, row, p);
  DepthwiseRun<DepthwiseKind<0, 0, kGroups>, 1>(d, row, p);
}

template <class Kind>
static void DepthwiseBlockOf(const BlockedDepthwise& d) {
  DepthwiseRow row = {d.x, d.add, d.out};
  for (size_t y = 0; y < d.rows; ++y) {
    size_t p = 0;
    if constexpr (Kind::kSize == 3 && Kind::kStride == 1 &&
                  kDepthwiseMorePixels != kDepthwisePixels)
      if (d.width % kDepthwiseMorePixels == 0)
        p = DepthwiseRun<Kind, kDepthwiseMorePixels>(d, row, p);
    if constexpr (Kind::kSize > 0) p = DepthwiseRun<Kind, kDepthwisePixels>(d, row, p);
    if (p < d.width) DepthwiseRest<Kind::kGroups>(d, row, p);
    row.x += d.stride[0] * d.x_row;
    if (row.add) row.add += d.add_row;
    row.out += d.out_row;
  }
}

static void DepthwiseBlocked(const BlockedDepthwise& d) {
  const size_t size = d.kernel[0], stride = d.stride[1];
  const bool square = size == d.kernel[1] && d.dilation[1] == 1 && stride <= 2;
  if (d.share > 1) {
    if (!square || size != 3) return DepthwiseBlockOf<DepthwiseKind<0, 0, true>>(d);
    return stride == 1 ? DepthwiseBlockOf<DepthwiseKind<3, 1, true>>(d)
                       : DepthwiseBlockOf<DepthwiseKind<3, 2, true>>(d);
  }
  if (square && size == 3)
    return stride == 1 ? DepthwiseBlockOf<DepthwiseKind<3, 1, false>>(d)
                       : DepthwiseBlockOf<DepthwiseKind<3, 2, false>>(d);
  if (square && size == 5)
    return stride == 1 ? DepthwiseBlockOf<DepthwiseKind<5, 1, false>>(d)
                       : DepthwiseBlockOf<DepthwiseKind<5, 2, false>>(d);
  DepthwiseBlockOf<DepthwiseKind<0, 0, false>>(d);
}

}  // namespace convfuse::CONVFUSE_ISA
