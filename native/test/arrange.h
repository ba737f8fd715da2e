// Dense activations put into a layout, and taken out of it, element by element.
#pragma once
#include <vector>

#include "kernels/table.h"
#include "ops/reorder.h"
#include "test/guarded.h"

namespace convfuse::test {

constexpr float kCanary = 12345.5f;

// `dense` in that layout.  Halos of channels become `halo`; lanes past the last channel, `rest`.
inline float* Arrange(const KernelTable& table, const Layout& layout, const ReorderShape& s,
               const float* dense, Guarded& memory, bool at_end, float halo, float rest) {
  const size_t floats = LayoutFloats(layout, table.lanes, s);
  float* out = memory.Place(floats, at_end);
  if (!layout.blocked) {
    std::copy(dense, dense + floats, out);
    return out;
  }
  const BlockedStrides strides(layout, table.lanes, s.channels, s.height, s.width);
  for (size_t i = 0; i < floats; ++i) {
    const size_t c = i % strides.image / strides.block * table.lanes + i % table.lanes;
    const size_t y = i % strides.block / strides.row - layout.top;
    const size_t x = i % strides.row / table.lanes - layout.left;
    const bool inside = y < s.height && x < s.width;  // wraps before them
    out[i] = c >= s.channels ? rest
             : inside ? dense[((i / strides.image * s.channels + c) * s.height + y) * s.width + x]
                      : halo;
  }
  return out;
}

// Copies p back into `dense`, and returns whether the halo still holds `halo`.
inline bool IsArranged(const KernelTable& table, const Layout& layout, const ReorderShape& s,
                const float* p, float halo, std::vector<float>* dense) {
  dense->resize(s.batch * s.channels * s.height * s.width);
  if (!layout.blocked) {
    std::copy(p, p + dense->size(), dense->begin());
    return true;
  }
  bool kept = true;
  const BlockedStrides strides(layout, table.lanes, s.channels, s.height, s.width);
  for (size_t i = 0, n = LayoutFloats(layout, table.lanes, s); i < n; ++i) {
    const size_t c = i % strides.image / strides.block * table.lanes + i % table.lanes;
    const size_t y = i % strides.block / strides.row - layout.top;
    const size_t x = i % strides.row / table.lanes - layout.left;
    if (y >= s.height || x >= s.width)
      kept = kept && (c >= s.channels || p[i] == halo);
    else if (c < s.channels)
      (*dense)[((i / strides.image * s.channels + c) * s.height + y) * s.width + x] = p[i];
  }
  return kept;
}

}  // namespace convfuse::test
