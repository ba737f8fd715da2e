// Plain loops that skip the taps outside the input.  Kept for layers with a weight that is not
// finite: every other algorithm multiplies weights by padded zeros, and infinity times zero would
// put a NaN where the definition has none.
#pragma once
#include <memory>

#include "ops/layer.h"

namespace convfuse {

std::unique_ptr<ConvAlgorithm> MakePlainConv(std::shared_ptr<const ConvLayer> layer,
                                             const ConvShape& shape);

}  // namespace convfuse
