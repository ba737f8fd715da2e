// Convolution with one input channel per group: vectors run along output rows.  Contract in
// depthwise.h.
//
// 3 x 3 with stride 1 or 2 computes kDepthwiseRows output rows together, so that an input row is
// loaded once for all of them.  Where two output rows fit into one vector, two channels share it:
// on AVX-512 that is any plane of width 8 or less.  With shorter vectors small planes are copied
// (depthwise3x3-inl.h).  Everything else goes row by row through DepthwiseGeneral.
#pragma once
#include "kernels/activation-inl.h"
#include "kernels/depthwise.h"
#include "kernels/depthwise3x3-inl.h"
#include "kernels/shuffle-inl.h"

namespace convfuse::CONVFUSE_ISA {

// How a vector of output pixels meets its input.
enum class DepthwiseView {
  kInside,   // all that is loaded lies inside the row
  kEdge,     // loads are masked
  kWhole,    // stride 1, "same" padding on the left: the whole row in one vector, then shifted
  kPair,     // as kEdge, two channels in one vector
  kWholePair,
};

constexpr size_t kHalf = kLanes / 2;

// Whether planes come here whose rows are a vector or less: as long a vector as two such rows, or
// one, serves them well.  Shorter ones leave small planes to DepthwiseSmall.
constexpr bool kShortRows = kLanes >= 16;

// Accumulators, kernel columns and, for 3 x 3, nine weights have to fit the registers.
constexpr size_t kDepthwiseRows = kRegisters == 32 ? 7 : 4;

// One or two channels, splatted.
template <size_t kTaps>
struct DepthwiseLanes {
  V weight[kTaps];
  V bias, low, high;
  const float* x[2];
  const float* add[2];
  float* out[2];
};

CONVFUSE_INLINE V Halves(float a, float b) {
  return Select(LaneRange(0, kHalf), Splat(a), Splat(b));
}
// Elements of two rows whose masks (of the lower half) agree, side by side.
CONVFUSE_INLINE V LoadPair(const float* a, const float* b, Vi low_mask, Vi high_mask) {
  const V low = LoadMasked(a, low_mask), high = LoadMasked(b - kHalf, high_mask);
  return FromBits(Bits(low) | Bits(high));
}

// Masks of the loads of one vector of outputs: those of step j begin at element 2 j (stride 2) or
// j (stride 1) of the window.
struct DepthwiseMasks {
  Vi first[7];
  Vi second[7];  // stride 2: of the next vector; pairs: of the upper half
};

template <size_t kSize, size_t kStride>
CONVFUSE_INLINE DepthwiseMasks MasksAt(ptrdiff_t begin, ptrdiff_t width, bool pair) {
  DepthwiseMasks m = {};
  const ptrdiff_t lanes = kLanes, half = kHalf;
#pragma GCC unroll 7
  for (size_t j = 0; j < (kStride == 1 ? kSize : (kSize + 1) / 2); ++j) {
    const ptrdiff_t at = begin + static_cast<ptrdiff_t>(j * kStride);
    if (kStride == 1 && pair) {
      const ptrdiff_t end = width - at < half ? width - at : half;
      m.first[j] = LaneRange(-at, end);
      m.second[j] = LaneRange(half + (at < 0 ? -at : 0), half + end);
    } else {
      m.first[j] = LaneRange(-at, width - at);
      m.second[j] = pair ? m.first[j] : LaneRange(-at - lanes, width - at - lanes);
    }
  }
  return m;
}

// d[k] = the input under kernel column k, for every lane.  p and q (second channel) point to the
// window's first element, which may lie before the row.
template <size_t kSize, size_t kStride, DepthwiseView kView, int... kColumn>
CONVFUSE_INLINE void LoadColumns(const float* p, const float* q, const DepthwiseMasks& m, V* d,
                                 Lanes<kColumn...>) {
  if constexpr (kView == DepthwiseView::kWhole || kView == DepthwiseView::kWholePair) {
    constexpr int kPad = kSize / 2;
    constexpr bool kTwo = kView == DepthwiseView::kWholePair;
    constexpr int kSegment = static_cast<int>(kTwo ? kHalf : kLanes);
    const V row = kTwo ? LoadPair(p + kPad, q + kPad, m.first[kPad], m.second[kPad])
                       : LoadMasked(p + kPad, m.first[kPad]);
    ((d[kColumn] = Shift<kColumn - kPad, kSegment>(row)), ...);
  } else if constexpr (kStride == 1) {
#pragma GCC unroll 7
    for (size_t k = 0; k < kSize; ++k)
      d[k] = kView == DepthwiseView::kInside ? Load(p + k)
             : kView == DepthwiseView::kEdge ? LoadMasked(p + k, m.first[k])
                                             : LoadPair(p + k, q + k, m.first[k], m.second[k]);
  } else {
    const float* next = kView == DepthwiseView::kPair ? q : p + kLanes;
#pragma GCC unroll 4
    for (size_t j = 0; j < (kSize + 1) / 2; ++j) {
      V a, b;
      if constexpr (kView == DepthwiseView::kInside) {
        a = Load(p + 2 * j), b = Load(next + 2 * j);
      } else {
        a = LoadMasked(p + 2 * j, m.first[j]), b = LoadMasked(next + 2 * j, m.second[j]);
      }
      d[2 * j] = Even(a, b);
      if (2 * j + 1 < kSize) d[2 * j + 1] = Odd(a, b);
    }
  }
}

// Output rows [y, y + kRows) at columns [x, x + lanes or half), of which `rows` and `cols` exist.
template <size_t kSize, size_t kStride, DepthwiseView kView>
CONVFUSE_INLINE void DepthwiseTile(const DepthwiseShape& shape,
                                   const DepthwiseLanes<kSize * kSize>& lanes,
                                   const DepthwiseMasks& masks, size_t y, size_t x, size_t rows,
                                   size_t cols) {
  constexpr bool kPair = kView == DepthwiseView::kPair || kView == DepthwiseView::kWholePair;
  constexpr size_t kRows = kDepthwiseRows;
  const size_t width = shape.in[2], out_width = shape.out[2];
  const ptrdiff_t top = static_cast<ptrdiff_t>(y * kStride) - static_cast<ptrdiff_t>(shape.pad[1]);
  const ptrdiff_t left = static_cast<ptrdiff_t>(x * kStride) - static_cast<ptrdiff_t>(shape.pad[2]);
  V acc[kRows];
#pragma GCC unroll 7
  for (size_t r = 0; r < kRows; ++r) acc[r] = lanes.bias;
#pragma GCC unroll 20
  for (size_t i = 0; i < (kRows - 1) * kStride + kSize; ++i) {
    const ptrdiff_t row = top + static_cast<ptrdiff_t>(i);
    if (static_cast<size_t>(row) >= shape.in[1]) continue;
    const ptrdiff_t offset = row * static_cast<ptrdiff_t>(width) + left;
    V d[kSize];
    LoadColumns<kSize, kStride, kView>(lanes.x[0] + offset, lanes.x[kPair] + offset, masks, d,
                                       typename CountLanes<static_cast<int>(kSize)>::Type{});
#pragma GCC unroll 7
    for (size_t r = 0; r < kRows; ++r) {
      if (r * kStride > i || i - r * kStride >= kSize) continue;
#pragma GCC unroll 7
      for (size_t k = 0; k < kSize; ++k)
        acc[r] += lanes.weight[(i - r * kStride) * kSize + k] * d[k];
    }
  }
  const Vi low_mask = LaneRange(0, static_cast<ptrdiff_t>(cols));
  const Vi high_mask = LaneRange(kHalf, static_cast<ptrdiff_t>(kHalf + cols));
#pragma GCC unroll 7
  for (size_t r = 0; r < kRows; ++r) {
    if (r >= rows) break;
    const size_t at = (y + r) * out_width + x;
    V v = acc[r];
    if (lanes.add[0])
      v += kPair ? LoadPair(lanes.add[0] + at, lanes.add[1] + at, low_mask, high_mask)
                 : LoadN(lanes.add[0] + at, cols);
    v = AtMost(AtLeast(v, lanes.low), lanes.high);
    if (kPair) {
      StoreMasked(lanes.out[0] + at, v, low_mask);
      StoreMasked(lanes.out[1] + at - kHalf, v, high_mask);
    } else if (cols == kLanes) {
      Store(lanes.out[0] + at, v);
    } else {
      StoreN(lanes.out[0] + at, v, cols);
    }
  }
}

template <size_t kSize, size_t kStride, DepthwiseView kView>
static void DepthwiseRows(const DepthwiseShape& shape, const DepthwiseLanes<kSize * kSize>& lanes,
                          size_t y, size_t x, size_t rows, size_t cols) {
  constexpr bool kPair = kView == DepthwiseView::kPair || kView == DepthwiseView::kWholePair;
  DepthwiseMasks masks = {};
  if constexpr (kView != DepthwiseView::kInside)
    masks = MasksAt<kSize, kStride>(
        static_cast<ptrdiff_t>(x * kStride) - static_cast<ptrdiff_t>(shape.pad[2]),
        static_cast<ptrdiff_t>(shape.in[2]), kPair);
  DepthwiseTile<kSize, kStride, kView>(shape, lanes, masks, y, x, rows, cols);
}

// One channel, or two side by side (shape.out[2] <= kHalf).
template <size_t kSize, size_t kStride>
static void DepthwisePlanes(const DepthwiseShape& shape, const DepthwiseEpilogue& epilogue,
                            const DepthwiseChannel* channel, bool pair) {
  using View = DepthwiseView;
  DepthwiseLanes<kSize * kSize> lanes;
  const DepthwiseChannel& a = channel[0];
  const DepthwiseChannel& b = channel[pair];
  for (size_t i = 0; i < kSize * kSize; ++i) lanes.weight[i] = Halves(a.weight[i], b.weight[i]);
  lanes.bias = Halves(a.bias, b.bias);
  lanes.low = Splat(epilogue.low);
  lanes.high = Splat(epilogue.high);
  for (size_t i = 0; i < 2; ++i) {
    const DepthwiseChannel& c = i == 0 ? a : b;
    lanes.x[i] = c.x, lanes.add[i] = c.add, lanes.out[i] = c.out;
  }
  const size_t width = shape.in[2], out_width = shape.out[2], out_height = shape.out[1];
  const bool whole = kStride == 1 && shape.pad[2] == kSize / 2 &&
                     width <= (pair ? kHalf : kLanes) && out_width <= (pair ? kHalf : kLanes);
  // How far past the window's first element a vector's loads reach.
  constexpr size_t kReach = kStride == 1 ? kLanes + kSize - 1 : 2 * kLanes + kSize - 1;
  for (size_t y = 0; y < out_height; y += kDepthwiseRows) {
    const size_t rows = out_height - y < kDepthwiseRows ? out_height - y : kDepthwiseRows;
    for (size_t x = 0; x < out_width; x += kLanes) {
      const size_t cols = out_width - x < kLanes ? out_width - x : kLanes;
      const size_t begin = x * kStride;
      if (kShortRows && kStride == 1 && whole && pair)
        DepthwiseRows<kSize, kStride, kStride == 1 ? View::kWholePair : View::kPair>(
            shape, lanes, y, x, rows, cols);
      else if (kShortRows && kStride == 1 && whole)
        DepthwiseRows<kSize, kStride, kStride == 1 ? View::kWhole : View::kEdge>(shape, lanes, y, x,
                                                                               rows, cols);
      else if (kShortRows && pair)
        DepthwiseRows<kSize, kStride, View::kPair>(shape, lanes, y, x, rows, cols);
      else if (begin >= shape.pad[2] && begin + kReach <= width + shape.pad[2])
        DepthwiseRows<kSize, kStride, View::kInside>(shape, lanes, y, x, rows, cols);
      else
        DepthwiseRows<kSize, kStride, View::kEdge>(shape, lanes, y, x, rows, cols);
    }
    // While the rows are in the cache.
    FinishRows(epilogue, a, rows * out_width, a.out + y * out_width);
    if (pair)
      FinishRows(epilogue, b, rows * out_width, b.out + y * out_width);
  }
}

// x[begin + stride * lane] for the lanes [first, last).
CONVFUSE_INLINE V LoadStrided(const float* row, ptrdiff_t begin, size_t stride, size_t first,
                              size_t last) {
  if (stride == 1)
    return LoadMasked(row + begin,
                      LaneRange(static_cast<ptrdiff_t>(first), static_cast<ptrdiff_t>(last)));
  float lane[kLanes] = {};
  for (size_t i = first; i < last; ++i) lane[i] = row[begin + static_cast<ptrdiff_t>(i * stride)];
  return Load(lane);
}

// Smallest i >= 0 with begin + step * i >= bound, at most `most`.
CONVFUSE_INLINE size_t FirstReaching(ptrdiff_t begin, size_t step, ptrdiff_t bound, size_t most) {
  if (begin >= bound) return 0;
  const size_t i = (static_cast<size_t>(bound - begin) + step - 1) / step;
  return i < most ? i : most;
}

// Any kernel, stride, dilation and rank; one vector of one output row at a time.
static void DepthwiseGeneral(const DepthwiseShape& s, const DepthwiseEpilogue& epilogue,
                             const DepthwiseChannel& c) {
  const V low = Splat(epilogue.low), high = Splat(epilogue.high);
  const size_t width = s.in[2];
  const ptrdiff_t end = static_cast<ptrdiff_t>(width);
  float* out = c.out;
  const float* add = c.add;
  for (size_t z = 0; z < s.out[0]; ++z)
    for (size_t y = 0; y < s.out[1]; ++y) {
      for (size_t x = 0; x < s.out[2]; x += kLanes) {
        const size_t cols = s.out[2] - x < kLanes ? s.out[2] - x : kLanes;
        V acc = Splat(c.bias);
        for (size_t kz = 0; kz < s.kernel[0]; ++kz) {
          const size_t iz = z * s.stride[0] + kz * s.dilation[0] - s.pad[0];
          if (iz >= s.in[0]) continue;  // wraps when negative
          for (size_t ky = 0; ky < s.kernel[1]; ++ky) {
            const size_t iy = y * s.stride[1] + ky * s.dilation[1] - s.pad[1];
            if (iy >= s.in[1]) continue;
            const float* row = c.x + (iz * s.in[1] + iy) * width;
            const float* w = c.weight + (kz * s.kernel[1] + ky) * s.kernel[2];
            for (size_t kx = 0; kx < s.kernel[2]; ++kx) {
              const ptrdiff_t begin = static_cast<ptrdiff_t>(x * s.stride[2] + kx * s.dilation[2]) -
                                      static_cast<ptrdiff_t>(s.pad[2]);
              const size_t first = FirstReaching(begin, s.stride[2], 0, cols);
              const size_t last = FirstReaching(begin, s.stride[2], end, cols);
              acc += Splat(w[kx]) * LoadStrided(row, begin, s.stride[2], first, last);
            }
          }
        }
        if (add) acc += LoadN(add + x, cols);
        StoreN(out + x, AtMost(AtLeast(acc, low), high), cols);
      }
      FinishRows(epilogue, c, s.out[2], out);
      out += s.out[2];
      if (add) add += s.out[2];
    }
}

template <size_t kSize, size_t kStride>
static void DepthwiseFixed(const DepthwiseShape& shape, const DepthwiseEpilogue& epilogue,
                           const DepthwiseChannel* channels, size_t count) {
  if (!kShortRows && shape.out[2] <= kMostWindowColumns<kStride>)
    return DepthwiseSmall<kStride>(shape, epilogue, channels, count);
  const bool pairs = shape.out[2] <= kHalf;
  for (size_t i = 0; i < count;) {
    const bool pair = pairs && i + 1 < count;
    DepthwisePlanes<kSize, kStride>(shape, epilogue, channels + i, pair);
    i += pair ? 2 : 1;
  }
}

static void Depthwise(const DepthwiseShape& shape, const DepthwiseEpilogue& epilogue,
                      const DepthwiseChannel* channels, size_t count) {
  const size_t size = shape.kernel[2], stride = shape.stride[2];
  const bool plane = shape.in[0] == 1 && shape.out[0] == 1 && shape.kernel[0] == 1 &&
                     shape.pad[0] == 0 && shape.dilation[1] == 1 && shape.dilation[2] == 1;
  if (plane && size == 3 && shape.kernel[1] == 3 && stride == shape.stride[1] && stride <= 2)
    return stride == 1 ? DepthwiseFixed<3, 1>(shape, epilogue, channels, count)
                       : DepthwiseFixed<3, 2>(shape, epilogue, channels, count);
  for (size_t i = 0; i < count; ++i) DepthwiseGeneral(shape, epilogue, channels[i]);
}

}  // namespace convfuse::CONVFUSE_ISA
