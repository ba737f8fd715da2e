#include "ops/reorder.h"

#include <algorithm>

namespace convfuse {

size_t LayoutFloats(const Layout& layout, size_t lanes, const ReorderShape& s) {
  if (!layout.blocked) return s.batch * s.channels * s.height * s.width;
  return s.batch * BlockedStrides(layout, lanes, s.channels, s.height, s.width).image;
}

namespace {

// Zeros around the plane of one block.
void ClearHalo(const Layout& l, const BlockedStrides& s, size_t lanes, const ReorderShape& shape,
               float* block) {
  std::fill_n(block, l.top * s.row, 0.0f);
  float* row = block + l.top * s.row;
  for (size_t y = 0; y < shape.height; ++y, row += s.row) {
    std::fill_n(row, l.left * lanes, 0.0f);
    std::fill_n(row + (l.left + shape.width) * lanes, l.right * lanes, 0.0f);
  }
  std::fill_n(row, l.bottom * s.row, 0.0f);
}

}  // namespace

void RunReorder(const KernelTable& table, const ReorderShape& shape, const Layout& from,
                const float* x, const Layout& to, float* y, ThreadPool& pool, size_t threads,
                Halo halo) {
  const BlockedStrides strides(from.blocked ? from : to, table.lanes, shape.channels,
                               shape.height, shape.width);
  const size_t blocks = CeilDiv(shape.channels, table.lanes), plane = shape.height * shape.width;
  pool.ParallelFor(shape.batch * blocks, threads, [&](size_t task, size_t) {
    const size_t block = task % blocks, image = task / blocks;
    const size_t dense = (image * shape.channels + block * table.lanes) * plane;
    const size_t blocked = task * strides.block + strides.origin;
    Reorder r = {};
    // Only the side that is written is written.
    r.dense = from.blocked ? y + dense : const_cast<float*>(x) + dense;
    r.blocked = from.blocked ? const_cast<float*>(x) + blocked : y + blocked;
    r.plane = plane;
    r.channels = std::min(table.lanes, shape.channels - block * table.lanes);
    r.blocked_row = strides.row;
    r.height = shape.height;
    r.width = shape.width;
    if (halo == Halo::kZeros && to.blocked)
      ClearHalo(to, strides, table.lanes, shape, y + task * strides.block);
    from.blocked ? table.from_blocked(r) : table.to_blocked(r);
  });
}

}  // namespace convfuse
