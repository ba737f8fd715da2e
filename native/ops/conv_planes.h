// Convolution into up to kPlaneChannels channels, such as those of an image: rows are copied
// between zeros, lanes are pixels, and each vector of pixels is loaded once for all output
// channels.  A stride of 1 along a row.
#pragma once
#include <memory>

#include "ops/conv_direct.h"

namespace convfuse {

bool PlanesFits(const ConvLayer& layer, const ConvShape& shape);

std::unique_ptr<ConvAlgorithm> MakePlanesConv(std::shared_ptr<const ConvLayer> layer,
                                              std::shared_ptr<const DirectWeights> weights,
                                              const ConvShape& shape, size_t threads);

}  // namespace convfuse
