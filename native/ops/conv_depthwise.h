// One input channel per group, any multiplier: too few products per input for a matrix product.
#pragma once
#include <memory>

#include "ops/layer.h"

namespace convfuse {

bool DepthwiseFits(const ConvLayer& layer);

// The layer must fit.
std::unique_ptr<ConvAlgorithm> MakeDepthwiseConv(std::shared_ptr<const ConvLayer> layer,
                                                 const ConvShape& shape, size_t threads);

}  // namespace convfuse
