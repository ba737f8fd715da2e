#include "ops/reorder.h"

#include <algorithm>

namespace convfuse {

size_t LayoutFloats(const Layout& layout, size_t lanes, const ReorderShape& s) {
  if (!layout.blocked) return s.batch * s.channels * s.height * s.width;
  return s.batch * BlockedStrides(layout, lanes, s.channels, s.height, s.width).image;
}

void RunReorder(const KernelTable& table, const ReorderShape& shape, const Layout& from,
                const float* x, const Layout& to, float* y, ThreadPool& pool, size_t threads) {
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
    from.blocked ? table.from_blocked(r) : table.to_blocked(r);
  });
}

}  // namespace convfuse
