// The rows that a part of a bfloat16 convolution reads, as pairs of channels between zeros.
#pragma once
#include <stdint.h>

#include <vector>

#include "kernels/direct.h"
#include "ops/blocked_cut.h"
#include "ops/layout.h"
#include "ops/tap_parts.h"

namespace convfuse {

// Memory in pieces of equal length, to be fetched before it is converted.
struct SourcePieces {
  const float* at = nullptr;
  size_t floats = 0, stride = 0, pieces = 0;
  size_t taken = 0;  // floats of the first piece
  // Lines of a piece, where LineOffsets pass from piece to piece; else 0.
  size_t lines = 0;

  // Returns where the next `count` floats are, and passes them; null after the last piece.  Of
  // pieces with `lines`, whole ones are passed, or a part of one.
  const float* Take(size_t count);
};

// From planes: [pair][image][row][column].  From blocks: [block][image][row][column][pair of the
// block], so that a pixel's channels stay side by side.  What no tap reads is left out.
class ConvertedRows {
 public:
  ConvertedRows(const ConvLayer& layer, const DirectWeights& weights, const ConvShape& shape,
                const BlockedCut& cut);

  size_t Floats() const { return floats_; }

  // A block of products of a group, for output rows [row, row + rows) of some images.
  void Convert(const float* x, size_t group, size_t block, size_t image, size_t images, size_t row,
               size_t rows, float* to) const;

  // What Convert would read, to be fetched.
  SourcePieces Source(const float* x, size_t group, size_t block, size_t image, size_t images,
                      size_t row, size_t rows) const;

  // From the first tap of a part's first pixel to that of each, image by image.
  std::vector<uint32_t> PixelOffsets(const BlockedCut& cut) const;
  // From the first tap of a pixel to each product, for each range of columns in the order of the
  // weights; in `ahead`, the lines of a pixel and those after it.
  std::vector<BlockedProduct> ProductOffsets(const std::vector<AxisPart>& columns) const;
  // The same; in `ahead`, one line after the other from the first product of a block on, and from
  // plane to plane where a part has some rows of each.
  std::vector<BlockedProduct> LineOffsets(const std::vector<AxisPart>& columns) const;

  size_t step() const { return step_[1] * pairs_; }  // from pixel to pixel
  bool evenly() const { return evenly_; }   // pixels of all rows and images lie as one row

 private:
  template <class Body>  // body(range of columns, block, k)
  void ForEachProduct(const std::vector<AxisPart>& columns, const Body& body) const;
  const float* BlockOf(const float* x, size_t image, size_t unit, size_t row) const;
  size_t Reach(int axis, size_t outputs) const;  // rows or columns of the copy
  // A unit is what lies together: a pair of channels, or a block of such pairs.
  size_t UnitBegin(size_t block) const;
  size_t UnitEnd(size_t block) const;
  void ConvertPlanes(const float* x, size_t group, size_t block, size_t image, size_t row,
                     size_t rows, float* to) const;
  void ConvertBlocks(const float* x, size_t block, size_t image, size_t row, size_t rows,
                     float* to) const;

  const ConvLayer& layer_;
  const DirectWeights& weights_;
  ConvShape shape_;
  BlockedStrides x_;
  size_t pairs_;      // pairs of a unit
  size_t stride_[2];  // every so many rows and columns of the input are copied
  size_t step_[2];    // rows and columns of the copy from output to output
  size_t rows_, columns_;       // of the copy
  size_t row_, image_, unit_;  // from one to the next, in floats
  size_t floats_ = 0;
  size_t piece_lines_ = 0;  // of some rows of a plane
  bool evenly_;
};

}  // namespace convfuse
