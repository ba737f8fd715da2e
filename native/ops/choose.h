// The only place that chooses an algorithm for a layer and a shape.
#pragma once
#include "ops/algorithms.h"

namespace convfuse {

struct Choice {
  AlgorithmKind kind;
  const char* reason;
};

Choice Choose(const ConvLayer& layer, const ConvShape& shape);

}  // namespace convfuse
