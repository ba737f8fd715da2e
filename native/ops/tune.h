// Chooses by measuring instead of by rule.
#pragma once
#include <memory>

#include "ops/choose.h"

namespace convfuse {

// The fastest algorithm that keeps the precision of the layer, on made-up input.  Takes tens of
// runs and a second copy of the weights while it lasts.  Throws std::bad_alloc.
Choice Tune(const std::shared_ptr<const ConvLayer>& layer, const ConvShape& shape, size_t threads);

}  // namespace convfuse
