// The only place that chooses an algorithm for a layer and a shape.
#pragma once
#include "ops/algorithms.h"

namespace convfuse {

struct Choice {
  AlgorithmKind kind;
  const char* reason;
};

// For blocked layouts: an algorithm that fits them, or else one that fits the shape with all
// layouts dense.  Without `transforms`, never one of Winograd's.
Choice Choose(const ConvLayer& layer, const ConvShape& shape, bool transforms = true);

}  // namespace convfuse
