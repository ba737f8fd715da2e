// Transposed convolutions of few output channels: one plain convolution computes the outputs of all
// residues of a place (ops/phases.h) as so many channels, which are then interleaved into rows and
// columns.
#pragma once
#include <memory>

#include "ops/algorithms.h"

namespace convfuse {

// The plain convolution, and its weights in the forms that its own plans share.
struct InterleavedLayer {
  std::shared_ptr<const ConvLayer> layer;
  PreparedWeights weights;
};

// Dense planes out, in any layout in.
bool InterleavedFits(const ConvLayer& layer, const ConvShape& shape);

// For a layer with phases.  Throws std::bad_alloc.
std::shared_ptr<InterleavedLayer> MakeInterleavedLayer(const ConvLayer& layer);
std::unique_ptr<ConvAlgorithm> MakeInterleavedConv(std::shared_ptr<const ConvLayer> layer,
                                                   InterleavedLayer* plain, const ConvShape& shape,
                                                   size_t threads);

}  // namespace convfuse
