// A convolution in layouts that no kernel of it knows: by way of dense copies.
#pragma once
#include <memory>

#include "ops/layer.h"

namespace convfuse {

// The shape with every layout dense.
ConvShape DenseShape(const ConvShape& shape);

// `inner` computes DenseShape(shape).
std::unique_ptr<ConvAlgorithm> MakeConvertedConv(std::unique_ptr<ConvAlgorithm> inner,
                                                 std::shared_ptr<const ConvLayer> layer,
                                                 const ConvShape& shape);

}  // namespace convfuse
