// The weights of a depthwise layer, or of one whose groups divide a block, in the order that blocks
// of channels need, and the computation of one block.
#pragma once
#include "ops/epilogue.h"
#include "ops/layer.h"
#include "ops/workspace.h"

namespace convfuse {

class DepthwiseBlocks {
 public:
  // Whether a group has as many outputs as inputs, and blocks are made of whole groups.
  static bool Suits(const ConvLayer& layer);

  // The layer must suit, and outlive this.  Throws std::bad_alloc.
  explicit DepthwiseBlocks(const ConvLayer& layer);

  size_t count() const { return count_; }
  // "depthwise 5x5", "groups of 4, 3x3"
  std::string Name() const;
  // Computes one block, and activates its rows while they are in the caches.  `d` has the planes,
  // rows and width; all that the layer determines is filled in here.
  void Run(size_t block, BlockedDepthwise d) const;

 private:
  const ConvLayer& layer_;
  Epilogue epilogue_;
  size_t count_;
  AlignedBuffer weight_, bias_;
};

}  // namespace convfuse
