// Direct convolution of dense planes of a few channels, which open networks: rows are copied between
// zeros as in conv_direct.h, and pixels broadcast from there by the kernel for blocks.  Results leave
// the registers as blocks, or go to planes by way of sums in L2.
#pragma once
#include <memory>

#include "ops/conv_direct.h"

namespace convfuse {

// Where HasFewProducts.
std::unique_ptr<ConvAlgorithm> MakeRowsConv(std::shared_ptr<const ConvLayer> layer,
                                            std::shared_ptr<const DirectWeights> weights,
                                            const ConvShape& shape, size_t threads);

}  // namespace convfuse
