// Convolution with one input channel per group: vectors run along output rows.  Contract in
// depthwise.h.
//
// 3 x 3 with stride 1 or 2 goes down the plane in strips as wide as a vector.  A row of the input
// is loaded once, for the sums of all outputs that read it.  With AVX-512, where at most half a
// vector is left at the end of the rows, two channels share a vector.  Shorter vectors leave small
// planes to depthwise3x3-inl.h.  Everything else goes row by row through DepthwiseGeneral.
#pragma once
#include "kernels/activation-inl.h"
#include "kernels/depthwise.h"
#include "kernels/depthwise3x3-inl.h"
#include "kernels/shuffle-inl.h"

namespace convfuse::CONVFUSE_ISA {

// Whether masked loads and stores cost no more than whole ones, as they do with AVX-512 alone: two
// channels may then share a vector.
constexpr bool kMasksAreFree = kLanes >= 16;
constexpr size_t kHalf = kLanes / 2;

// Output rows of a band, which all strips of a plane compute before the next band: its input and
// output take some 50 KB with 112 columns, and stay in L2.
constexpr size_t kBandRows = 56;
// Least pixels of an input plane that is fetched ahead, line by line (AVX-512, 32 @112: 16 images
// take 0.5 of the time, one 0.95).  Smaller planes the CPU fetches as fast by itself.
constexpr size_t kFetchedPlane = 1024;

enum class StripView {
  kInside,  // all that is loaded lies inside the row
  kEdge,    // loads are masked
  kPair,    // as kEdge, of two channels, half a vector each
};

// Columns [x, x + cols) of the outputs, and the masks of their loads and stores.
struct DepthwiseStrip {
  size_t x = 0, cols = 0;
  StripView view = StripView::kEdge;
  Mask load[3] = {}, store = {};
  // Floats from this band to what is read and written after it, which is fetched; 0: it is not.
  ptrdiff_t next_in = 0, next_out = 0;

  template <size_t kStride>
  void Move(const DepthwiseShape& s, size_t to, bool pair) {
    if (cols > 0 && to == x && pair == (view == StripView::kPair)) return;
    x = to;
    const size_t most = pair ? kHalf : kLanes;
    cols = s.out[2] - x < most ? s.out[2] - x : most;
    const ptrdiff_t begin = static_cast<ptrdiff_t>(x * kStride) - static_cast<ptrdiff_t>(s.pad[2]);
    const ptrdiff_t width = static_cast<ptrdiff_t>(s.in[2]), lanes = kLanes;
    const ptrdiff_t reach = kStride == 1 ? lanes + 2 : 2 * lanes + 1;
    const bool inside = cols == kLanes && begin >= 0 && begin + reach <= width;
    view = pair ? StripView::kPair : inside ? StripView::kInside : StripView::kEdge;
    // Where the three loads of LoadColumns begin.
    const ptrdiff_t offset[3] = {0, kStride == 1 ? 1 : pair ? 0 : lanes,
                                 kStride == 1 || pair ? 2 : 2 * lanes};
    for (size_t i = 0; i < 3; ++i)
      load[i] = ToMask(LaneRange(-begin - offset[i], width - begin - offset[i]));
    store = ToMask(LaneRange(0, static_cast<ptrdiff_t>(cols)));
  }
};

// d0, d1, d2: in each lane, the input that its output reads at columns 0, 1, 2 of the kernel.  q:
// the row of the second channel (kPair).
template <size_t kStride, StripView kView>
CONVFUSE_INLINE void LoadColumns(const float* p, const float* q, Mask m0, Mask m1, Mask m2, V& d0,
                                 V& d1, V& d2) {
  constexpr bool kInside = kView == StripView::kInside, kPair = kView == StripView::kPair;
  if constexpr (kStride == 1) {
    d0 = kInside ? Load(p) : kPair ? LoadHalves(p, q, m0) : LoadMasked(p, m0);
    d1 = kInside ? Load(p + 1) : kPair ? LoadHalves(p + 1, q + 1, m1) : LoadMasked(p + 1, m1);
    d2 = kInside ? Load(p + 2) : kPair ? LoadHalves(p + 2, q + 2, m2) : LoadMasked(p + 2, m2);
  } else {
    const float* more = kPair ? q : p + kLanes;
    const V a = kInside ? Load(p) : LoadMasked(p, m0);
    const V b = kInside ? Load(more) : LoadMasked(more, m1);
    d0 = Even(a, b), d1 = Odd(a, b);
    if constexpr (kPair)
      d2 = Even(LoadMasked(p + 2, m2), LoadMasked(q + 2, m2));
    else
      d2 = Follow(d0, kInside ? Splat(p[2 * kLanes]) : LoadMasked(p + 2 * kLanes, m2));
  }
  Keep(d0), Keep(d1), Keep(d2);  // otherwise the compiler loads them again for every product
}

// Into L2: a fetch into L1 would wait for one of the few misses that L1 allows at once.
CONVFUSE_INLINE void FetchAhead(const float* p) { __builtin_prefetch(p, 0, 2); }

CONVFUSE_INLINE V Halves(float a, float b) {
  return Select(LaneRange(0, kHalf), Splat(a), Splat(b));
}

// Output rows [y, y + rows) of a strip, from top to bottom, for `count` channels one after the
// other (kPair: two at a time).
template <size_t kStride, StripView kView>
static void RunStrip(const DepthwiseShape& s, const DepthwiseEpilogue& epilogue,
                     const DepthwiseStrip& strip, const DepthwiseChannel* channel, size_t count,
                     size_t y, size_t rows) {
  constexpr bool kInside = kView == StripView::kInside, kPair = kView == StripView::kPair;
  const Mask m0 = strip.load[0], m1 = strip.load[1], m2 = strip.load[2], stored = strip.store;
  const ptrdiff_t next_in = strip.next_in, next_out = strip.next_out;
  const size_t width = s.in[2], height = s.in[1], out_width = s.out[2];
  const size_t top = y * kStride - s.pad[1];  // wraps, as do the addresses of what is not read
  const ptrdiff_t at = static_cast<ptrdiff_t>(top * width + strip.x * kStride - s.pad[2]);
  for (const DepthwiseChannel* end = channel + count; channel < end; channel += 1 + kPair) {
    const DepthwiseChannel &a = channel[0], &b = channel[kPair];
    V w[9];
#pragma GCC unroll 9
    for (size_t i = 0; i < 9; ++i)
      w[i] = kPair ? Halves(a.weight[i], b.weight[i]) : Splat(a.weight[i]);
    const V bias = kPair ? Halves(a.bias, b.bias) : Splat(a.bias);
    const V low = Splat(epilogue.low), high = Splat(epilogue.high);
    const float *p = a.x + at, *q = b.x + at, *add = a.add, *add2 = b.add;
    float *out = a.out, *out2 = b.out;
    size_t row = top, to = y * out_width + strip.x;
    // Outputs before `whole` are stored as whole vectors.  Where a row is shorter than a vector,
    // the rest falls into the following rows, which are stored later; not with a residual, which
    // may be the output itself.
    const size_t plane = s.out[1] * out_width;
    const size_t whole = strip.cols == kLanes                                ? ~size_t{0}
                         : !add && strip.cols == out_width && plane >= kLanes ? plane - kLanes + 1
                                                                              : 0;
    // Sums of the next row of outputs and, with stride 1, of the one after.
    V s0 = bias, s1 = bias;
    constexpr size_t kNext = kStride == 1 ? 3 : 0;
    V d0, d1, d2;
    if (row < height) {
      LoadColumns<kStride, kView>(p, q, m0, m1, m2, d0, d1, d2);
      s0 = s0 + w[0] * d0 + w[1] * d1 + w[2] * d2;
    }
    ++row, p += width, q += width;
    if constexpr (kStride == 1) {
      if (row < height) {
        LoadColumns<kStride, kView>(p, q, m0, m1, m2, d0, d1, d2);
        s0 = s0 + w[3] * d0 + w[4] * d1 + w[5] * d2;
        s1 = s1 + w[0] * d0 + w[1] * d1 + w[2] * d2;
      }
      ++row, p += width, q += width;
    }
    for (size_t i = 0; i < rows; ++i, to += out_width) {
      V sum = s0;
      s0 = kStride == 1 ? s1 : bias, s1 = bias;
      if (next_in) {
        for (size_t k = 0; k < kStride; ++k)
          for (size_t f = 0; f < (kPair ? 1 : kStride * kLanes); f += 16)
            FetchAhead(p + next_in + k * width + f + 1);
        FetchAhead(out + to + next_out);
        if (kPair) FetchAhead(q + next_in + 1), FetchAhead(out2 + to + next_out);
      }
      if constexpr (kStride == 2) {
        if (row < height) {
          LoadColumns<kStride, kView>(p, q, m0, m1, m2, d0, d1, d2);
          sum = sum + w[3] * d0 + w[4] * d1 + w[5] * d2;
        }
        ++row, p += width, q += width;
      }
      if (row < height) {
        LoadColumns<kStride, kView>(p, q, m0, m1, m2, d0, d1, d2);
        sum += w[6] * d0, s0 += w[kNext] * d0, s1 += w[0] * d0;
        sum += w[7] * d1, s0 += w[kNext + 1] * d1, s1 += w[1] * d1;
        sum += w[8] * d2, s0 += w[kNext + 2] * d2, s1 += w[2] * d2;
      }
      ++row, p += width, q += width;
      if (add)
        sum += kPair ? LoadHalves(add + to, add2 + to, stored) : LoadMasked(add + to, stored);
      sum = AtMost(AtLeast(sum, low), high);
      if (kPair)
        StoreHalves(out + to, out2 + to, sum, stored);
      else if (kInside || (!kMasksAreFree && to < whole))
        Store(out + to, sum);
      else
        StoreMasked(out + to, sum, stored);
    }
  }
}

template <size_t kStride>
static void DepthwiseStrips(const DepthwiseShape& s, const DepthwiseEpilogue& epilogue,
                            const DepthwiseChannel* channels, size_t count) {
  const size_t width = s.out[2], height = s.out[1];
  const size_t tail = kMasksAreFree && width % kLanes <= kHalf ? width % kLanes : 0;
  const bool fetches = s.in[1] * s.in[2] >= kFetchedPlane;
  DepthwiseStrip strip;
  // Where a plane is a single strip and band, one call takes all channels.
  const bool single = height <= kBandRows && width <= (tail ? kHalf : kLanes);
  for (size_t i = 0; i < count;) {
    const bool pair = tail > 0 && i + 1 < count;
    const size_t taken = single ? (count - i) >> pair << pair : 1 + pair;
    const DepthwiseChannel* c = channels + i;
    const size_t end = pair ? width - tail : width;
    for (size_t y = 0; y < height; y += kBandRows) {
      const bool last = height - y <= kBandRows;
      const size_t rows = last ? height - y : kBandRows;
      if (fetches) {
        // The next band, or the first of the channels that come after these.
        strip.next_in = static_cast<ptrdiff_t>(
            (last ? (1 + pair) * s.in[1] - y * kStride : rows * kStride) * s.in[2]);
        strip.next_out = static_cast<ptrdiff_t>((last ? (1 + pair) * height - y : rows) * width);
      }
      const size_t run = single ? taken : 1;
      for (size_t j = 0; j < taken; j += run)
        for (size_t x = 0; x < end; x += kLanes) {
          // The last strip is a whole vector and overlaps the one before, except with a residual,
          // which may be the output itself and must not be added twice.
          const bool shared = x + kLanes > end && x > 0 && !c[j].add;
          strip.Move<kStride>(s, shared ? end - kLanes : x, false);
          if (strip.view == StripView::kInside)
            RunStrip<kStride, StripView::kInside>(s, epilogue, strip, c + j, run, y, rows);
          else
            RunStrip<kStride, StripView::kEdge>(s, epilogue, strip, c + j, run, y, rows);
        }
      if constexpr (kMasksAreFree)
        if (pair) {
          strip.Move<kStride>(s, end, true);
          RunStrip<kStride, StripView::kPair>(s, epilogue, strip, c, taken, y, rows);
        }
      for (size_t j = 0; j < taken; ++j)
        FinishRows(epilogue, c[j], rows * width, c[j].out + y * width);
    }
    i += taken;
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

template <size_t kStride>
static void Depthwise3x3(const DepthwiseShape& shape, const DepthwiseEpilogue& epilogue,
                         const DepthwiseChannel* channels, size_t count) {
  // A mask costs vectors of 4 a loop over lanes, and vectors of 8 a load.  Where a row is two
  // strips, both with masks, copies into windows are faster (AVX2, 384 @14: 42 against 38 % of
  // peak).
  const size_t width = shape.out[2];
  if constexpr (kLanes < 8) {
    if (width <= kMostWindowColumns<kStride>)
      return DepthwiseSmall<kStride>(shape, epilogue, channels, count);
  } else if constexpr (kLanes < 16 && kStride == 1) {
    if (width > kLanes && width <= 14)
      return DepthwiseWindows<1, 16>(shape, epilogue, channels, count);
  }
  DepthwiseStrips<kStride>(shape, epilogue, channels, count);
}

static void Depthwise(const DepthwiseShape& shape, const DepthwiseEpilogue& epilogue,
                      const DepthwiseChannel* channels, size_t count) {
  const size_t size = shape.kernel[2], stride = shape.stride[2];
  const bool plane = shape.in[0] == 1 && shape.out[0] == 1 && shape.kernel[0] == 1 &&
                     shape.pad[0] == 0 && shape.dilation[1] == 1 && shape.dilation[2] == 1;
  if (plane && size == 3 && shape.kernel[1] == 3 && stride == shape.stride[1] && stride <= 2)
    return stride == 1 ? Depthwise3x3<1>(shape, epilogue, channels, count)
                       : Depthwise3x3<2>(shape, epilogue, channels, count);
  for (size_t i = 0; i < count; ++i) DepthwiseGeneral(shape, epilogue, channels[i]);
}

}  // namespace convfuse::CONVFUSE_ISA
