#include "ops/reorder.h"

#include <algorithm>

namespace convfuse {

size_t LayoutFloats(const Layout& layout, size_t lanes, const ReorderShape& s) {
  if (!layout.blocked) return s.batch * s.channels * s.height * s.width;
  return s.batch * BlockedStrides(layout, lanes, s.channels, s.height, s.width).image;
}

namespace {

// Least pixels of a band: fewer are not worth another task.
constexpr size_t kFewestPixels = 4096;

// Zeros around rows [begin, end) of the plane of one block.
void ClearHalo(const Layout& l, const BlockedStrides& s, size_t lanes, const ReorderShape& shape,
               size_t begin, size_t end, float* block) {
  if (begin == 0) std::fill_n(block, l.top * s.row, 0.0f);
  float* row = block + (l.top + begin) * s.row;
  for (size_t y = begin; y < end; ++y, row += s.row) {
    std::fill_n(row, l.left * lanes, 0.0f);
    std::fill_n(row + (l.left + shape.width) * lanes, l.right * lanes, 0.0f);
  }
  if (end == shape.height) std::fill_n(row, l.bottom * s.row, 0.0f);
}

}  // namespace

void RunReorder(const KernelTable& table, const ReorderShape& shape, const Layout& from,
                const float* x, const Layout& to, float* y, ThreadPool& pool, size_t threads,
                Halo halo) {
  const BlockedStrides strides(from.blocked ? from : to, table.lanes, shape.channels,
                               shape.height, shape.width);
  const size_t blocks = CeilDiv(shape.channels, table.lanes), plane = shape.height * shape.width;
  // Bands of rows, where blocks are too few for the threads.
  const size_t wanted =
      threads > 1 ? CeilDiv(4 * threads, std::max<size_t>(1, shape.batch * blocks)) : 1;
  const size_t bands = std::max<size_t>(1, std::min({wanted, plane / kFewestPixels, shape.height}));
  pool.ParallelFor(shape.batch * blocks * bands, threads, [&](size_t task, size_t) {
    const size_t band = task % bands, at = task / bands, block = at % blocks, image = at / blocks;
    const size_t begin = shape.height * band / bands, end = shape.height * (band + 1) / bands;
    const size_t dense =
        (image * shape.channels + block * table.lanes) * plane + begin * shape.width;
    const size_t blocked = at * strides.block + strides.origin + begin * strides.row;
    Reorder r = {};
    // The side whose const is cast away is only read.
    r.dense = from.blocked ? y + dense : const_cast<float*>(x) + dense;
    r.blocked = from.blocked ? const_cast<float*>(x) + blocked : y + blocked;
    r.plane = plane;
    r.channels = std::min(table.lanes, shape.channels - block * table.lanes);
    r.blocked_row = strides.row;
    // Rows without a halo between them are copied as one.
    const bool one = strides.row == shape.width * table.lanes;
    r.height = one ? 1 : end - begin;
    r.width = one ? (end - begin) * shape.width : shape.width;
    if (halo == Halo::kZeros && to.blocked)
      ClearHalo(to, strides, table.lanes, shape, begin, end, y + at * strides.block);
    from.blocked ? table.from_blocked(r) : table.to_blocked(r);
  });
}

}  // namespace convfuse
