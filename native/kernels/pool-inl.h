// Pools: rows of a window are reduced into one row, whose columns are then.  Contract in pool.h.
#pragma once
#include "kernels/pool.h"
#include "kernels/shuffle-inl.h"

namespace convfuse::CONVFUSE_ISA {
namespace {

// b joins a.  A NaN stays, whichever of the two it is.
struct LargestOf {
  static constexpr bool kMean = false;
  static V Empty() { return Splat(-__builtin_inff()); }
  static V Join(V a, V b) { return Select((b > a) | (b != b), b, a); }
  static float EmptyOne() { return -__builtin_inff(); }
  static float JoinOne(float a, float b) { return b > a || b != b ? b : a; }
};

struct MeanOf {
  static constexpr bool kMean = true;
  static V Empty() { return V{}; }
  static V Join(V a, V b) { return a + b; }
  static float EmptyOne() { return 0; }
  static float JoinOne(float a, float b) { return a + b; }
};

// Outputs [first, end) of an axis whose windows have all `taps` and lie `step` apart.
struct RegularPart {
  size_t first, end, taps, step;
};

RegularPart RegularPartOf(const PoolAxis& a) {
  RegularPart part = {0, 0, 0, 1};
  for (size_t o = 0; o < a.out; ++o)
    if (a.taps[o] > 0 && static_cast<size_t>(a.taps[o]) > part.taps)
      part.first = o, part.taps = static_cast<size_t>(a.taps[o]);
  if (part.taps == 0) return part;
  const auto whole = [&](size_t o) { return static_cast<size_t>(a.taps[o]) == part.taps; };
  part.end = part.first + 1;
  if (part.end == a.out || !whole(part.end)) return part;
  const int32_t step = a.start[part.end] - a.start[part.first];
  if (step < 1) return part;
  part.step = static_cast<size_t>(step);
  while (part.end < a.out && whole(part.end) && a.start[part.end] - a.start[part.end - 1] == step)
    ++part.end;
  return part;
}

// The rows of one output row, joined column by column.
template <class Kind>
void JoinRows(const PoolPlanes& p, const float* plane, size_t z, size_t y) {
  const PoolAxis &depth = p.axis[0], &height = p.axis[1];
  const size_t width = p.axis[2].in;
  const size_t layers = static_cast<size_t>(depth.taps[z]);
  const size_t rows = static_cast<size_t>(height.taps[y]);
  // Without taps, `start` may name no input.
  const float* from = plane;
  if (layers * rows > 0)
    from +=
        (static_cast<size_t>(depth.start[z]) * height.in + static_cast<size_t>(height.start[y])) *
        width;
  const size_t layer_step = depth.dilation * height.in * width, row_step = height.dilation * width;
  for (size_t x = 0; x < width; x += kLanes) {
    const size_t left = width - x;
    V sum = Kind::Empty();
    for (size_t i = 0; i < layers; ++i)
      for (size_t j = 0; j < rows; ++j) {
        const float* row = from + i * layer_step + j * row_step + x;
        sum = Kind::Join(sum, left >= kLanes ? Load(row) : LoadN(row, left));
      }
    Store(p.row + x, sum);
  }
}

// The columns of a vector of outputs; kStep inputs lie between their windows.
template <class Kind, size_t kStep>
CONVFUSE_INLINE V JoinColumns(const float* at, size_t taps, size_t dilation) {
  V sum = Kind::Empty();
  for (size_t k = 0; k < taps; ++k, at += dilation)
    sum = Kind::Join(sum, kStep == 1 ? Load(at) : Even(Load(at), Load(at + kLanes)));
  return sum;
}

template <class Kind>
void PoolOf(const PoolPlanes& p) {
  const PoolAxis &depth = p.axis[0], &height = p.axis[1], &width = p.axis[2];
  const RegularPart part = RegularPartOf(width);
  const bool vectors = part.step <= 2;
  const auto one = [&](size_t o, float divisor) {
    float sum = Kind::EmptyOne();
    for (size_t k = 0; k < static_cast<size_t>(width.taps[o]); ++k)
      sum = Kind::JoinOne(sum, p.row[static_cast<size_t>(width.start[o]) + k * width.dilation]);
    return Kind::kMean ? sum / (divisor * static_cast<float>(width.divisor[o])) : sum;
  };
  float* y = p.y;
  for (size_t plane = 0; plane < p.planes; ++plane) {
    const float* x = p.x + plane * depth.in * height.in * width.in;
    for (size_t z = 0; z < depth.out; ++z)
      for (size_t row = 0; row < height.out; ++row, y += width.out) {
        JoinRows<Kind>(p, x, z, row);
        const float divisor = static_cast<float>(depth.divisor[z]) *
                              static_cast<float>(height.divisor[row]);
        size_t o = 0;
        for (; o < part.first; ++o) y[o] = one(o, divisor);
        for (; vectors && o + kLanes <= part.end; o += kLanes) {
          const float* at = p.row + width.start[o];
          V v = part.step == 1 ? JoinColumns<Kind, 1>(at, part.taps, width.dilation)
                               : JoinColumns<Kind, 2>(at, part.taps, width.dilation);
          if (Kind::kMean) v = v / (divisor * static_cast<float>(width.divisor[o]));
          Store(y + o, v);
        }
        for (; o < width.out; ++o) y[o] = one(o, divisor);
      }
  }
}

void Pool(const PoolPlanes& p) { p.mean ? PoolOf<MeanOf>(p) : PoolOf<LargestOf>(p); }

}  // namespace
}  // namespace convfuse::CONVFUSE_ISA
