// Stores sums [pixel][direct_channels] as channel planes or as blocks, with bias, residual and
// activation.
#pragma once
#include "ops/epilogue.h"
#include "ops/layer.h"

namespace convfuse {

// A rectangle of output pixels of one slice of channels, and their sums.
struct OutputPart {
  size_t image, group, slice;  // slice: of direct_channels outputs of the group
  size_t row, column, rows, width;
  const float* sums;  // [rows * width][direct_channels]
  bool stream;        // past the caches, where planes compete for their sets
};

// Applies the layer's activation, where it is more than a clamp, to rows of a block that lie `row`
// floats apart.  They should still be in the caches.
void ActivateBlock(const ConvLayer& layer, size_t block, size_t rows, size_t width, size_t row,
                   float* out);
// The same for `blocks` blocks from `first` on; `out` is in the first of them.
void ActivateBlocks(const ConvLayer& layer, const BlockedStrides& strides, size_t first,
                    size_t blocks, size_t rows, size_t width, float* out);

class OutputStore {
 public:
  // Both must outlive this.  A dense `shape` may have rows that are several rows of the image.
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
