// Rows copied between zeros, for the direct kernel; contract in direct.h.
#pragma once
#include "kernels/direct.h"
#include "kernels/element-inl.h"

namespace convfuse::CONVFUSE_ISA {

// One row of the copy, in vectors: [0, begin) and [end, count) are zeros.  The first and the last
// of the others may lie partly outside the input, and have masks.
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

// A row of elements; the second channel of a pair may be missing.
struct RowElements {
  const float* in;
  const float* second;  // or null
  V Whole(size_t at) const {
    return ElementOf(0, second ? 2 : 1, [&](size_t c) { return Load((c ? second : in) + at); });
  }
  V Part(size_t at, Vi mask) const {
    return ElementOf(0, second ? 2 : 1,
                     [&](size_t c) { return LoadMasked((c ? second : in) + at, mask); });
  }
};

CONVFUSE_INLINE void CopyRow(const RowPlan& plan, const RowElements& in, float* out) {
  size_t v = 0;
  for (; v < plan.begin; ++v) Store(out + v * kLanes, V{});
  if (v < plan.end) {
    Store(out + v * kLanes, in.Part(v * kLanes, plan.first));
    for (++v; v + 1 < plan.end; ++v) Store(out + v * kLanes, in.Whole(v * kLanes));
    if (v < plan.end) {
      Store(out + v * kLanes, in.Part(v * kLanes, plan.last));
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
  const size_t plane_floats = c.in_height * c.in_width;
  float* channel_out = c.out;
  for (size_t channel = 0; channel < c.channels; channel += kElementChannels) {
    const float* plane = c.in + channel * plane_floats;
    float* out = channel_out;
    for (size_t y = 0; y < c.rows; ++y, out += c.row_stride) {
      const ptrdiff_t row = c.row + static_cast<ptrdiff_t>(y);
      const ptrdiff_t at =
          row * static_cast<ptrdiff_t>(c.in_width) - static_cast<ptrdiff_t>(c.left);
      const RowPlan& plan = row < 0 || row >= height ? outside : inside;
      const bool pair = kElementChannels > 1 && channel + 1 < c.channels;
      CopyRow(plan, {plane + at, pair ? plane + plane_floats + at : nullptr}, out);
    }
    channel_out += c.channel_stride;
  }
}

}  // namespace convfuse::CONVFUSE_ISA
