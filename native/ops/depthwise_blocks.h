// A depthwise layer, or one of groups that divide a block, as blocks of channels: its weights in that
// order, and a block's run.
#pragma once
#include "ops/epilogue.h"
#include "ops/layer.h"
#include "ops/workspace.h"

namespace convfuse {

class DepthwiseBlocks {
 public:
  // Whether a group has as many outputs as inputs, and blocks are made of groups.
  static bool Suits(const ConvLayer& layer);

  // The layer outlives it, and suits.  Throws std::bad_alloc.
  explicit DepthwiseBlocks(const ConvLayer& layer);

  size_t count() const { return count_; }
  // "depthwise 5x5", "groups of 4, 3x3"
  std::string Name() const;
  // Sets what depends on the block alone, computes, and activates rows that are still in the caches.
  // `d` says where its planes are.
  void Run(size_t block, BlockedDepthwise d) const;

 private:
  const ConvLayer& layer_;
  Epilogue epilogue_;
  size_t count_;
  AlignedBuffer weight_, bias_;
};

}  // namespace convfuse
