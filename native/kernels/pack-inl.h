// Im2col on the fly: one panel of B columns, gathered from the input as it is packed.
#pragma once
#include "kernels/gemm_tile-inl.h"
#include "kernels/transpose-inl.h"

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

// One vector of columns for every channel of the block, at one tap.
template <int kStep>  // 1, 2, or 0: any
static void PackVector(const Run* runs, size_t n, size_t channels, size_t plane, ptrdiff_t step,
                       float* out) {
  if constexpr (kStep == 1) {
    if (n == 0) {
      for (size_t c = 0; c < channels; ++c) Store(out + c * kNr, V{});
      return;
    }
    if (n == 1) {
      const float* p = runs[0].p;
      if (runs[0].begin == 0 && runs[0].end == static_cast<ptrdiff_t>(kLanes)) {
        for (size_t c = 0; c < channels; ++c, p += plane) Store(out + c * kNr, Load(p));
        return;
      }
      const Vi mask = LaneRange(runs[0].begin, runs[0].end);
      for (size_t c = 0; c < channels; ++c, p += plane) Store(out + c * kNr, LoadMasked(p, mask));
      return;
    }
    Vi masks[kLanes];
    for (size_t i = 0; i < n; ++i) masks[i] = LaneRange(runs[i].begin, runs[i].end);
    for (size_t c = 0; c < channels; ++c) {
      Vi v = {};
      for (size_t i = 0; i < n; ++i) v |= Bits(LoadMasked(runs[i].p + c * plane, masks[i]));
      Store(out + c * kNr, FromBits(v));
    }
  } else if constexpr (kStep == 2) {
    // Lane l reads element 2 l of two vectors side by side; odd elements are loaded only where
    // an even one follows, so that nothing past the last pixel is touched.
    const ptrdiff_t lanes = kLanes;
    Vi low[kLanes], high[kLanes];
    for (size_t i = 0; i < n; ++i) {
      const ptrdiff_t begin = 2 * runs[i].begin, end = 2 * runs[i].end - 1;
      low[i] = LaneRange(begin, end);
      high[i] = LaneRange(begin - lanes, end - lanes);
    }
    for (size_t c = 0; c < channels; ++c) {
      Vi v = {};
      for (size_t i = 0; i < n; ++i) {
        const float* p = runs[i].p + c * plane;
        v |= Bits(Even(LoadMasked(p, low[i]), LoadMasked(p + kLanes, high[i])));
      }
      Store(out + c * kNr, FromBits(v));
    }
  } else {
    for (size_t c = 0; c < channels; ++c) {
      float* row = out + c * kNr;
      Store(row, V{});
      for (size_t i = 0; i < n; ++i) {
        const float* p = runs[i].p + c * plane;
        for (ptrdiff_t l = runs[i].begin; l < runs[i].end; ++l) row[l] = p[l * step];
      }
    }
  }
}

// out: [tap][channel][kNr]; columns past `count` become zeros up to a whole vector, the rest of
// the panel is left as it is.
static void PackPanel(const PanelSource& s, const PanelRows& rows, size_t first, size_t count,
                      float* out) {
  const size_t plane = s.in[0] * s.in[1] * s.in[2];
  const ptrdiff_t step = static_cast<ptrdiff_t>(s.step[2]);
  PanelSource block = s;
  block.x += rows.channel_begin * plane;
  Segment segments[kLanes];
  Run runs[kLanes];
  for (size_t j = 0; j < count; j += kLanes) {
    const size_t lanes = count - j < kLanes ? count - j : kLanes;
    const size_t n = SegmentsOf(s.grid, first + j, lanes, segments);
    float* o = out + j;
    for (size_t t = 0; t < rows.tap_count; ++t, o += rows.channel_count * kNr) {
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

// A panel of B columns of a plain matrix: out[k][kNr] from row-major b[k][n] (row stride ldb).
static void PackColumns(const float* b, size_t ldb, size_t k, size_t cols, float* out) {
  for (size_t i = 0; i < k; ++i, b += ldb, out += kNr)
    for (size_t j = 0; j < cols; j += kLanes)
      Store(out + j, cols - j < kLanes ? LoadN(b + j, cols - j) : Load(b + j));
}

// The same with its operand transposed, for panels of any width: out[k][width] from src[cols][k]
// (row stride ld); lanes past `cols` are zeros.
static void PackRows(const float* src, size_t ld, size_t k, size_t cols, size_t width,
                     float* out) {
  for (size_t j = 0; j < width; j += kLanes) {
    const size_t lanes = width - j < kLanes ? width - j : kLanes;
    for (size_t i = 0; i < k; i += kLanes) {
      const size_t some = k - i < kLanes ? k - i : kLanes;
      V block[kLanes];
#pragma GCC unroll 16
      for (size_t l = 0; l < kLanes; ++l)
        block[l] = j + l < cols ? LoadN(src + (j + l) * ld + i, some) : V{};
      Transpose(block);
      for (size_t l = 0; l < some; ++l) StoreN(out + (i + l) * width + j, block[l], lanes);
    }
  }
}

// Floats that rows are fetched ahead: as far as the next page, which a CPU does not reach by
// itself.
constexpr size_t kDotAhead = 1024;

// Sums of products of one vector with several rows, in four chains of vectors each.  The rows come
// from memory, once.
static void DotRows(const float* x, const float* rows, size_t ld, size_t k, size_t count,
                    float* out) {
  constexpr size_t kChains = 4, kStep = kChains * kLanes;
  for (size_t r = 0; r < count; ++r, rows += ld) {
    V acc[kChains] = {};
    size_t i = 0;
    for (; i + kStep <= k; i += kStep) {
#pragma GCC unroll 4
      for (size_t line = 0; line < kStep; line += 16)
        __builtin_prefetch(rows + i + kDotAhead + line, 0, 3);
#pragma GCC unroll 4
      for (size_t c = 0; c < kChains; ++c)
        acc[c] += Load(x + i + c * kLanes) * Load(rows + i + c * kLanes);
    }
    for (size_t c = 0; i < k; i += kLanes, ++c) {
      const size_t some = k - i < kLanes ? k - i : kLanes;
      acc[c] += LoadN(x + i, some) * LoadN(rows + i, some);
    }
    const V sum = (acc[0] + acc[1]) + (acc[2] + acc[3]);
    float lanes[kLanes];
    Store(lanes, sum);
#pragma GCC unroll 4
    for (size_t half = kLanes / 2; half > 0; half /= 2)
      for (size_t l = 0; l < half; ++l) lanes[l] += lanes[l + half];
    out[r] = lanes[0];
  }
}

}  // namespace convfuse::CONVFUSE_ISA
