// Direct convolution of planes: each task copies the input rows it needs between zeros, block of
// channels by block of channels, and broadcasts pixels from there.  Strides 1 and 2 along a row.
#pragma once
#include <memory>
#include <vector>

#include "ops/layer.h"
#include "ops/workspace.h"

namespace convfuse {

// Weights as [group][block of channels][slice of direct_channels outputs][channel][tap][output].
class DirectWeights {
 public:
  // Throws std::bad_alloc.
  explicit DirectWeights(const ConvLayer& layer);

  size_t slices() const { return slices_; }  // per group
  size_t blocks() const { return blocks_; }
  size_t ChannelBegin(size_t block) const { return layer_.GroupIn() * block / blocks_; }
  size_t Channels(size_t block) const { return ChannelBegin(block + 1) - ChannelBegin(block); }
  size_t most_channels() const;
  const float* Slice(size_t group, size_t block, size_t slice) const;

 private:
  const ConvLayer& layer_;
  size_t slices_, blocks_;
  AlignedBuffer data_;
};

// Whether the kernel fits this layer: a plane, not transposed, a step of 1 or 2, few enough taps.
bool DirectFits(const ConvLayer& layer, const ConvShape& shape);

std::unique_ptr<ConvAlgorithm> MakeDirectConv(std::shared_ptr<const ConvLayer> layer,
                                              std::shared_ptr<const DirectWeights> weights,
                                              const ConvShape& shape, size_t threads);

}  // namespace convfuse
