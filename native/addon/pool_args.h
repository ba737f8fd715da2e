// Pools on blocks, as calls and chains are told of them.
#pragma once
#include <napi.h>

#include "addon/conv_layer.h"
#include "ops/pool.h"

namespace convfuse::addon {

// Without x and y.  The windows point into their array, and lie inside the input.  Throws a Failure.
BlockedPoolPlanes ReadBlockedPool(const Napi::Value& mean, const Napi::Value& sizes,
                                  const Napi::Value& windows);

// Floats of x and y.  Throws a Failure where they do not fit.
RunSizes SizesOf(const BlockedPoolPlanes& planes, size_t lanes);

}  // namespace convfuse::addon
