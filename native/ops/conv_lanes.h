// Direct convolution of a few dense planes, with pixels as lanes: rows are copied between zeros,
// even columns and odd ones apart where the stride is 2, so that the pixels of every tap lie side
// by side and serve as rows of B where they are.  Results leave the registers as rows of planes.
#pragma once
#include <memory>

#include "ops/conv_packed.h"

namespace convfuse {

// Whether layouts are dense, and HasFewProducts.
bool LanesFits(const ConvLayer& layer, const ConvShape& shape);

std::unique_ptr<ConvAlgorithm> MakeLanesConv(std::shared_ptr<const ConvLayer> layer,
                                             std::shared_ptr<const PackedWeights> weights,
                                             const ConvShape& shape, size_t threads);

}  // namespace convfuse
