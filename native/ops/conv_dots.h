// Convolutions from blocks of channels into a few dense planes, as dot products over the input
// channels.
#pragma once
#include <memory>

#include "ops/layer.h"
#include "ops/workspace.h"

namespace convfuse {

// [output][block of channels][tap][lane], with zeros past the last channel.
class DotWeights {
 public:
  // Throws std::bad_alloc.
  explicit DotWeights(const ConvLayer& layer);
  const float* data() const { return data_.data(); }

 private:
  AlignedBuffer data_;
};

// One group, blocked in and dense out; strides of 1 and 2 along a row, and sums no longer than the
// precision allows.
bool DotsFits(const ConvLayer& layer, const ConvShape& shape);
std::unique_ptr<ConvAlgorithm> MakeDotsConv(std::shared_ptr<const ConvLayer> layer,
                                            std::shared_ptr<const DotWeights> weights,
                                            const ConvShape& shape, size_t threads);

}  // namespace convfuse
