// Direct convolution of a few dense planes, as in the first layer of a network: rows are copied
// between zeros as in conv_direct.h, and the kernel for blocks broadcasts pixels from there.
// Results leave the registers as blocks, or go to planes by way of sums in L2.
#pragma once
#include <memory>

#include "ops/conv_direct.h"

namespace convfuse {

// For layers and shapes of which HasFewProducts is true.
std::unique_ptr<ConvAlgorithm> MakeRowsConv(std::shared_ptr<const ConvLayer> layer,
                                            std::shared_ptr<const DirectWeights> weights,
                                            const ConvShape& shape, size_t threads);

}  // namespace convfuse
