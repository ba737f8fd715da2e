// Reads the arguments of pools on blocks, for single calls and for chains.
#pragma once
#include <napi.h>

#include "addon/conv_layer.h"
#include "ops/pool.h"

namespace convfuse::addon {

// All but x and y.  The result points into the array of the windows, which were checked to lie
// inside the input.  Throws a Failure.
BlockedPoolPlanes ReadBlockedPool(const Napi::Value& mean, const Napi::Value& sizes,
                                  const Napi::Value& windows);

// Floats of x and y.  Throws a Failure where a product of sizes overflows.
RunSizes SizesOf(const BlockedPoolPlanes& planes, size_t lanes);

}  // namespace convfuse::addon
