// Pools: the input rows under an output row are joined into one line, then the columns of the line
// under each window.  Contract in pool.h.
#pragma once
#include "kernels/pool.h"
#include "kernels/shuffle-inl.h"

namespace convfuse::CONVFUSE_ISA {
namespace {

// Ways to join elements.  kLines: windows at even steps are joined in vectors (PoolColumns);
// kColumns: other windows are joined one by one (PoolAnyColumns).
//
// The larger of both; NaN if either is.
struct LargestOf {
  static constexpr bool kMean = false, kLines = false, kColumns = true;
  static V Empty() { return Splat(-__builtin_inff()); }
  static V Join(V a, V b) { return Select((b > a) | (b != b), b, a); }
  static float EmptyOne() { return -__builtin_inff(); }
  static float JoinOne(float a, float b) { return b > a || b != b ? b : a; }
};

// The larger of two numbers, in one instruction.
struct LargestNumberOf : LargestOf {
  static constexpr bool kLines = true, kColumns = false;
  static V Join(V a, V b) { return AtLeast(a, b); }
};

struct MeanOf {
  static constexpr bool kMean = true, kLines = true, kColumns = true;
  static V Empty() { return V{}; }
  static V Join(V a, V b) { return a + b; }
  static float EmptyOne() { return 0; }
  static float JoinOne(float a, float b) { return a + b; }
};

// Whether all elements are finite: 0 times anything else is NaN.  Four sums, which do not wait for
// each other.
CONVFUSE_INLINE bool IsFinite(const float* x, size_t n) {
  V sum[4] = {};
  float rest = 0;
  size_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes)
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; ++k) sum[k] += 0.0f * Load(x + i + k * kLanes);
  for (; i + kLanes <= n; i += kLanes) sum[0] += 0.0f * Load(x + i);
  for (; i < n; ++i) rest += 0.0f * x[i];
  const V all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  return rest == 0 && !AnyLane(all != all);
}

// `sum` joined with `taps` vectors, which lie `step` floats apart.
template <class Kind, class LoadAt>
CONVFUSE_INLINE V JoinTaps(V sum, const float* at, size_t taps, size_t step, LoadAt load) {
  // Most windows have three taps: too few for a loop.
  if (Kind::kLines && taps == 3)
    return Kind::Join(Kind::Join(Kind::Join(sum, load(at)), load(at + step)), load(at + 2 * step));
  for (size_t k = 0; k < taps; ++k, at += step) sum = Kind::Join(sum, load(at));
  return sum;
}

// For each of the output rows [begin, end) of layer z, joins the input rows that it reads into a
// line of its own.  Where the width is less than a vector, the lanes past it become empty.
template <class Kind>
CONVFUSE_INLINE void JoinRows(const PoolPlanes& p, const float* plane, size_t z, size_t begin,
                              size_t end) {
  const PoolAxis &depth = p.axis[0], &height = p.axis[1];
  const size_t width = p.axis[2].in, stride = p.lines.stride;
  const size_t step = height.dilation * width, layer_step = depth.dilation * height.in * width;
  const size_t layers = static_cast<size_t>(depth.taps[z]);
  const int32_t* const start = height.start;
  const int32_t* const taps = height.taps;
  const V empty = Kind::Empty();
  const Vi inside = LaneRange(0, static_cast<ptrdiff_t>(width));
  // Without taps, `start` may name no input.
  if (layers > 0) plane += static_cast<size_t>(depth.start[z]) * height.in * width;
  float* line = p.scratch + p.lines.left;
  for (size_t y = begin; y < end; ++y, line += stride) {
    const size_t rows = static_cast<size_t>(taps[y]);
    const float* from = rows == 0 ? plane : plane + static_cast<size_t>(start[y]) * width;
    for (size_t x = 0; x < width; x += kLanes) {
      // The last vector overlaps the one before.
      const size_t at = x + kLanes <= width || x == 0 ? x : width - kLanes;
      const float* row = from + at;
      V sum = empty;
      for (size_t i = 0; i < layers; ++i, row += layer_step)
        sum = JoinTaps<Kind>(sum, row, rows, step, [](const float* of) { return Load(of); });
      Store(line + at, Select(inside, sum, empty));
    }
  }
}

// What depth and height contribute to the divisor of a row.
CONVFUSE_INLINE float RowDivisor(const PoolPlanes& p, size_t z, size_t y) {
  return static_cast<float>(p.axis[0].divisor[z]) * static_cast<float>(p.axis[1].divisor[y]);
}

// Output rows [begin, end) of layer z from their lines, where each window begins kStep columns
// after the one before.
template <class Kind, size_t kStep>
CONVFUSE_INLINE void PoolColumns(const PoolPlanes& p, size_t z, size_t begin, size_t end,
                                 float* y) {
  const size_t out = p.axis[2].out, taps = p.lines.taps, dilation = p.axis[2].dilation;
  const size_t last = out < kLanes ? 0 : out - kLanes, stride = p.lines.stride;
  const float* const divisors = p.divisor;
  const float* line = p.scratch + p.lines.first;
  for (size_t row = begin; row < end; ++row, line += stride, y += out) {
    [[maybe_unused]] const float divisor = Kind::kMean ? RowDivisor(p, z, row) : 1;
    for (size_t o = 0; o < out; o += kLanes) {
      const size_t at = o < last ? o : last;
      V v = JoinTaps<Kind>(Kind::Empty(), line + at * kStep, taps, dilation, [](const float* from) {
        return kStep == 1 ? Load(from) : Even(Load(from), Load(from + kLanes));
      });
      if constexpr (Kind::kMean) v = v / (divisor * Load(divisors + at));
      Store(y + at, v);
    }
  }
}

// The same for windows that begin anywhere.
template <class Kind>
CONVFUSE_INLINE void PoolAnyColumns(const PoolPlanes& p, size_t z, size_t begin, size_t end,
                                    float* y) {
  const PoolAxis& width = p.axis[2];
  const float* line = p.scratch + p.lines.left;
  for (size_t row = begin; row < end; ++row, line += p.lines.stride, y += width.out)
    for (size_t o = 0; o < width.out; ++o) {
      float sum = Kind::EmptyOne();
      for (size_t k = 0; k < static_cast<size_t>(width.taps[o]); ++k)
        sum = Kind::JoinOne(sum, line[static_cast<size_t>(width.start[o]) + k * width.dilation]);
      y[o] = Kind::kMean
                 ? sum / (RowDivisor(p, z, row) * static_cast<float>(width.divisor[o]))
                 : sum;
    }
}

// One plane, lines.count lines at a time: a line that was just stored cannot be loaded at other
// addresses yet.
template <class Kind>
void PoolPlane(const PoolPlanes& p, const float* x, float* y) {
  const size_t height = p.axis[1].out, count = p.lines.count;
  for (size_t z = 0; z < p.axis[0].out; ++z)
    for (size_t row = 0; row < height; row += count) {
      const size_t end = height - row < count ? height : row + count;
      JoinRows<Kind>(p, x, z, row, end);
      if (Kind::kLines && p.lines.step == 1)
        PoolColumns<Kind, 1>(p, z, row, end, y);
      else if (Kind::kLines && p.lines.step == 2)
        PoolColumns<Kind, 2>(p, z, row, end, y);
      else if constexpr (Kind::kColumns)
        PoolAnyColumns<Kind>(p, z, row, end, y);
      y += (end - row) * p.axis[2].out;
    }
}

void Pool(const PoolPlanes& p) {
  const PoolAxis(&axis)[3] = p.axis;
  const size_t in = axis[0].in * axis[1].in * axis[2].in;
  const size_t out = axis[0].out * axis[1].out * axis[2].out;
  const float empty = p.mean ? 0 : -__builtin_inff();
  for (size_t i = 0; i < p.lines.count * p.lines.stride; ++i) p.scratch[i] = empty;
  const float* x = p.x;
  float* y = p.y;
  for (size_t plane = 0; plane < p.planes; ++plane, x += in, y += out) {
    if (p.mean)
      PoolPlane<MeanOf>(p, x, y);
    else if (p.lines.step > 0 && IsFinite(x, in))
      PoolPlane<LargestNumberOf>(p, x, y);
    else
      PoolPlane<LargestOf>(p, x, y);
  }
}

}  // namespace
}  // namespace convfuse::CONVFUSE_ISA
