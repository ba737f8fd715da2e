// The way out of the algorithms whose sums come as [pixel][direct_channels]: bias, residual and
// activation on the way to channel planes or to blocks.
#pragma once
#include "ops/epilogue.h"
#include "ops/layer.h"

namespace convfuse {

// Pixels of whole rows, or of a part of one column range of them.
struct OutputPart {
  size_t image, group, slice;  // slice: of direct_channels outputs of the group
  size_t row, column, rows, width;
  const float* sums;  // [rows * width][direct_channels]
  bool stream;        // past the caches, where planes compete for their sets
};

// Applies what is more than a clamp to rows of a block, so many floats apart, that are still in the
// caches.
void ActivateBlock(const ConvLayer& layer, size_t block, size_t rows, size_t width, size_t row,
                   float* out);
// The same for blocks from the first on, where `out` is.
void ActivateBlocks(const ConvLayer& layer, const BlockedStrides& strides, size_t first,
                    size_t blocks, size_t rows, size_t width, float* out);

class OutputStore {
 public:
  // Both outlive it.  `shape` may have rows that stand for several of the image where the layout is
  // dense.
  OutputStore(const ConvLayer& layer, const ConvShape& shape);

  void Store(const ConvRun& run, const OutputPart& part) const;

 private:
  void StoreDense(const ConvRun& run, const OutputPart& part) const;
  void StoreBlocks(const ConvRun& run, const OutputPart& part) const;

  const ConvLayer& layer_;
  const ConvShape& shape_;
  Epilogue epilogue_;
};

}  // namespace convfuse
