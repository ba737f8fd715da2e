// Im2col on the fly: one panel of B columns, gathered from the input as it is packed.
#pragma once
#include "kernels/gemm_tile-inl.h"
#include "kernels/shuffle-inl.h"

namespace convfuse::CONVFUSE_ISA {

// Consecutive columns that lie in one row of the grid, as lanes [lane, lane + count) of a vector.
struct Segment {
  ptrdiff_t lane, count, z, y, x;
};

// Where a segment reads at one tap: lane l of [begin, end) reads p[l * step].
struct Run {
  const float* p;
  ptrdiff_t begin, end;
};

static size_t SegmentsOf(const size_t* grid, size_t first, size_t count, Segment* out) {
  size_t n = 0;
  ptrdiff_t x = static_cast<ptrdiff_t>(first % grid[2]);
  size_t row = first / grid[2];
  ptrdiff_t y = static_cast<ptrdiff_t>(row % grid[1]), z = static_cast<ptrdiff_t>(row / grid[1]);
  const ptrdiff_t width = static_cast<ptrdiff_t>(grid[2]);
  ptrdiff_t lane = 0, left = static_cast<ptrdiff_t>(count);
  while (left > 0) {
    const ptrdiff_t run = width - x < left ? width - x : left;
    out[n++] = {lane, run, z, y, x};
    lane += run;
    left -= run;
    x = 0;
    if (static_cast<size_t>(++y) == grid[1]) y = 0, ++z;
  }
  return n;
}

CONVFUSE_INLINE ptrdiff_t CeilDiv(ptrdiff_t a, ptrdiff_t b) {  // b > 0
  if (b == 1) return a;
  return a > 0 ? (a + b - 1) / b : -(-a / b);
}

// The runs of one vector at one tap, of channel 0.
static size_t RunsOf(const PanelSource& s, const Segment* segments, size_t n, const Tap& tap,
                     Run* out) {
  size_t runs = 0;
  const ptrdiff_t depth = static_cast<ptrdiff_t>(s.in[0]);
  const ptrdiff_t height = static_cast<ptrdiff_t>(s.in[1]);
  const ptrdiff_t width = static_cast<ptrdiff_t>(s.in[2]);
  const ptrdiff_t step = static_cast<ptrdiff_t>(s.step[2]);
  for (size_t i = 0; i < n; ++i) {
    const Segment& g = segments[i];
    const ptrdiff_t z = g.z * static_cast<ptrdiff_t>(s.step[0]) + tap.offset[0];
    const ptrdiff_t y = g.y * static_cast<ptrdiff_t>(s.step[1]) + tap.offset[1];
    const ptrdiff_t x = g.x * step + tap.offset[2];
    if (z < 0 || z >= depth || y < 0 || y >= height) continue;
    // 0 <= x + j * step < width
    ptrdiff_t begin = CeilDiv(-x, step), end = CeilDiv(width - x, step);
    if (begin < 0) begin = 0;
    if (end > g.count) end = g.count;
    if (begin >= end) continue;
    out[runs++] = {s.x + ((z * height + y) * width + x - g.lane * step), g.lane + begin,
                   g.lane + end};
  }
  return runs;
}

// out[e * kNr] = element e of channels that channel(c) gives as vectors.
template <class Channel>
CONVFUSE_INLINE void StoreElements(size_t channels, float* out, const Channel& channel) {
  for (size_t c = 0; c < channels; c += kElementChannels, out += kNr)
    Store(out, ElementOf(c, channels, channel));
}

// One vector of columns for every channel of the block, at one tap.
template <int kStep>  // 1, 2, or 0: any
static void PackVector(const Run* runs, size_t n, size_t channels, size_t plane, ptrdiff_t step,
                       float* out) {
  if constexpr (kStep == 1) {
    if (n == 0) return StoreElements(channels, out, [](size_t) { return V{}; });
    if (n == 1) {
      const float* p = runs[0].p;
      if (runs[0].begin == 0 && runs[0].end == static_cast<ptrdiff_t>(kLanes))
        return StoreElements(channels, out, [&](size_t c) { return Load(p + c * plane); });
      const Vi mask = LaneRange(runs[0].begin, runs[0].end);
      return StoreElements(channels, out,
                           [&](size_t c) { return LoadMasked(p + c * plane, mask); });
    }
    Vi masks[kLanes];
    for (size_t i = 0; i < n; ++i) masks[i] = LaneRange(runs[i].begin, runs[i].end);
    StoreElements(channels, out, [&](size_t c) {
      Vi v = {};
      for (size_t i = 0; i < n; ++i) v |= Bits(LoadMasked(runs[i].p + c * plane, masks[i]));
      return FromBits(v);
    });
  } else if constexpr (kStep == 2) {
    // Lane l reads element 2 l of two vectors side by side; odd elements are loaded only where
    // an even one follows, so that nothing past the last pixel is touched.
    const ptrdiff_t lanes = kLanes;
    Mask low[kLanes], high[kLanes];
    for (size_t i = 0; i < n; ++i) {
      const ptrdiff_t begin = 2 * runs[i].begin, end = 2 * runs[i].end - 1;
      low[i] = ToMask(LaneRange(begin, end));
      high[i] = ToMask(LaneRange(begin - lanes, end - lanes));
    }
    const auto store = [&](auto count) {
      StoreElements(channels, out, [&](size_t c) {
        Vi first = {}, second = {};
        for (size_t i = 0; i < count(); ++i) {
          const float* p = runs[i].p + c * plane;
          first |= Bits(LoadMasked(p, low[i]));
          second |= Bits(LoadMasked(p + kLanes, high[i]));
        }
        return Even(FromBits(first), FromBits(second));
      });
    };
    // Rows of a vector or more: loops of constant length are unrolled.
    if (n == 1) return store([] { return size_t{1}; });
    if (n == 2) return store([] { return size_t{2}; });
    store([n] { return n; });
  } else {
    StoreElements(channels, out, [&](size_t c) {
      float lanes[kLanes] = {};
      for (size_t i = 0; i < n; ++i) {
        const float* p = runs[i].p + c * plane;
        for (ptrdiff_t l = runs[i].begin; l < runs[i].end; ++l) lanes[l] = p[l * step];
      }
      return Load(lanes);
    });
  }
}

// out: [tap][element][kNr]; columns past `count` become zeros up to a whole vector, the rest of
// the panel is left as it is.
static void PackPanel(const PanelSource& s, const PanelRows& rows, size_t first, size_t count,
                      float* out) {
  const size_t plane = s.in[0] * s.in[1] * s.in[2];
  const size_t elements = (rows.channel_count + kElementChannels - 1) / kElementChannels;
  const ptrdiff_t step = static_cast<ptrdiff_t>(s.step[2]);
  PanelSource block = s;
  block.x += rows.channel_begin * plane;
  Segment segments[kLanes];
  Run runs[kLanes];
  for (size_t j = 0; j < count; j += kLanes) {
    const size_t lanes = count - j < kLanes ? count - j : kLanes;
    const size_t n = SegmentsOf(s.grid, first + j, lanes, segments);
    float* o = out + j;
    for (size_t t = 0; t < rows.tap_count; ++t, o += elements * kNr) {
      const size_t found = RunsOf(block, segments, n, rows.taps[t], runs);
      if (step == 1)
        PackVector<1>(runs, found, rows.channel_count, plane, step, o);
      else if (step == 2)
        PackVector<2>(runs, found, rows.channel_count, plane, step, o);
      else
        PackVector<0>(runs, found, rows.channel_count, plane, step, o);
    }
  }
}

}  // namespace convfuse::CONVFUSE_ISA
