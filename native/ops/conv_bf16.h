// Direct convolution in bfloat16: each task converts the rows it reads into pairs of channels, from
// planes or from blocks and block of products by block of products, into memory that stays in L2,
// and the tile of the kernel on blocks finds its pixels there.  Results leave the registers as
// blocks, or go to planes by way of sums.
#pragma once
#include <memory>

#include "ops/blocked_offsets.h"
#include "ops/conv_direct.h"

namespace convfuse {

// Whether the layer may be multiplied in bfloat16, on this CPU.
bool HasPairs(const ConvLayer& layer);

bool DirectBf16Fits(const ConvLayer& layer, const ConvShape& shape);
// A grid asks for blocks out and for an activation that is no more than a clamp.
std::unique_ptr<ConvAlgorithm> MakeDirectBf16Conv(std::shared_ptr<const ConvLayer> layer,
                                                  std::shared_ptr<const DirectWeights> weights,
                                                  const ConvShape& shape, size_t threads,
                                                  const OutputGrid* grid = nullptr);

}  // namespace convfuse
