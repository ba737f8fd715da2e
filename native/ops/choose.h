// The only place that chooses an algorithm for a layer and a shape.
#pragma once
#include <memory>
#include <string>

#include "ops/conv_packed.h"
#include "ops/layer.h"

namespace convfuse {

// Weights in the forms that plans of one layer share; each is made when a plan first needs it.
struct PreparedWeights {
  std::shared_ptr<const PackedWeights> packed;
};

struct Choice {
  std::unique_ptr<ConvAlgorithm> algorithm;
  std::string reason;
};

// Depends on threads in how work is divided, never in what is computed.  Throws std::bad_alloc.
Choice Choose(const std::shared_ptr<const ConvLayer>& layer, const ConvShape& shape,
              size_t threads, PreparedWeights* weights);

}  // namespace convfuse
