// How the tiles of a Winograd convolution are cut into blocks that threads take.
#pragma once
#include "kernels/winograd.h"
#include "ops/layer.h"

namespace convfuse {

class WinogradGrid {
 public:
  // Rows of tiles [row, row + rows), counted over the batch, and columns [column, column + wide).
  struct Block {
    size_t group, column, wide, row, rows;
  };
  // The part of a block that lies in one image.
  struct Segment {
    size_t image, row, rows;  // tile rows of the image
    size_t first;             // tile of the block
  };

  // `channels` are summed by each product.
  WinogradGrid(WinogradKind kind, const ConvShape& shape, size_t groups, size_t channels,
               size_t threads);

  // A row of tiles longer than this is cut.
  static constexpr size_t kMostWide = 64;

  size_t BlockCount() const { return groups_ * parts_ * blocks_; }
  size_t wide() const { return wide_; }  // most columns of tiles in a block
  size_t high() const { return high_; }  // rows of tiles in an image
  size_t rows() const { return rows_; }  // most rows of tiles in a block
  size_t tiles() const { return rows_ * wide_; }  // most tiles in a block

  Block BlockOf(size_t index) const;

  template <class Body>
  void ForEachSegment(const Block& b, const Body& body) const {
    for (size_t row = b.row, end = b.row + b.rows; row < end;) {
      Segment s;
      s.image = row / high_;
      s.row = row % high_;
      s.rows = high_ - s.row < end - row ? high_ - s.row : end - row;
      s.first = (row - b.row) * b.wide;
      body(s);
      row += s.rows;
    }
  }

 private:
  size_t groups_, batch_;
  size_t columns_ = 0;  // tiles of a row
  size_t wide_ = 1, high_ = 1, rows_ = 1;
  size_t parts_ = 0, blocks_ = 0;
};

}  // namespace convfuse
