// Convolution into few channels, such as an image's: rows are copied between zeros, pixels are lanes,
// and each is loaded once for all channels.  A stride of 1 along a row.
#pragma once
#include <memory>

#include "ops/conv_direct.h"

namespace convfuse {

bool PlanesFits(const ConvLayer& layer, const ConvShape& shape);

std::unique_ptr<ConvAlgorithm> MakePlanesConv(std::shared_ptr<const ConvLayer> layer,
                                              std::shared_ptr<const DirectWeights> weights,
                                              const ConvShape& shape, size_t threads);

}  // namespace convfuse
