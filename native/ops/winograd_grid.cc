#include "ops/winograd_grid.h"

#include <algorithm>

#include "ops/integers.h"

namespace convfuse {
namespace {

// Tiles of a block, whose transforms stay in L2 beside the weights that they are multiplied with.
// From 256 channels on, F2's weights (4 MB) come from farther away, and more tiles share a read of
// them.
size_t WantedTiles(WinogradKind kind, size_t channels) {
  return kind == WinogradKind::kF2 && channels >= 256 ? 112 : 56;
}

}  // namespace

WinogradGrid::WinogradGrid(WinogradKind kind, const ConvShape& shape, size_t groups,
                           size_t channels, size_t threads)
    : groups_(groups), batch_(shape.batch) {
  if (shape.batch * Volume(shape.out) == 0) return;
  const WinogradSizes& sizes = kWinogradSizes[static_cast<int>(kind)];
  columns_ = CeilDiv(shape.out[2], sizes.outputs);
  parts_ = CeilDiv(columns_, kMostWide);
  wide_ = CeilDiv(columns_, parts_);
  high_ = CeilDiv(shape.out[1], sizes.outputs);
  const size_t all = shape.batch * high_;
  blocks_ = CeilDiv(all, std::max<size_t>(1, WantedTiles(kind, channels) / wide_));
  // The same number for every thread, if there are several.
  if (BlockCount() >= 2 * threads) blocks_ = RoundUp(blocks_, threads);
  blocks_ = std::min(all, blocks_);
  rows_ = CeilDiv(all, blocks_);
}

WinogradGrid::Block WinogradGrid::BlockOf(size_t index) const {
  Block b;
  const size_t block = index % blocks_;
  const size_t part = index / blocks_ % parts_;
  b.column = EvenCut(columns_, part, parts_);
  b.wide = EvenCut(columns_, part + 1, parts_) - b.column;
  b.group = index / (blocks_ * parts_);
  b.row = EvenCut(batch_ * high_, block, blocks_);
  b.rows = EvenCut(batch_ * high_, block + 1, blocks_) - b.row;
  return b;
}

}  // namespace convfuse
