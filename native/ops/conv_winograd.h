// Convolutions of small kernels with fewer products than the definition has: Winograd's algorithms
// (kernels/winograd.h says which).  Weights must be finite; an input element that is not spoils all
// outputs of its tiles.
#pragma once
#include <memory>

#include "ops/layer.h"
#include "ops/winograd_weights.h"

namespace convfuse {

// Whether the algorithm computes this layer on this shape, and the layer's precision allows it:
// kF2 and kStride2 from default, kF4 and kPolyphase in fast.
bool WinogradFits(WinogradKind kind, const ConvLayer& layer, const ConvShape& shape);

std::unique_ptr<ConvAlgorithm> MakeWinogradConv(WinogradKind kind,
                                                std::shared_ptr<const ConvLayer> layer,
                                                std::shared_ptr<const WinogradWeights> weights,
                                                const ConvShape& shape, size_t threads);

}  // namespace convfuse
