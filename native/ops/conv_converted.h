// A convolution in layouts that its algorithm does not know, by way of copies in layouts that it
// does.
#pragma once
#include <memory>

#include "ops/layer.h"

namespace convfuse {

// The shape with every layout dense.
ConvShape DenseShape(const ConvShape& shape);

// A dense shape with x in blocks, inside the halo that the taps read.  With `out`, output and
// residual are in blocks too.
ConvShape BlockedShape(const ConvLayer& layer, const ConvShape& shape, bool out);

// `inner` computes inner_shape, which differs from shape in its layouts.
std::unique_ptr<ConvAlgorithm> MakeConvertedConv(std::unique_ptr<ConvAlgorithm> inner,
                                                 const ConvShape& inner_shape,
                                                 std::shared_ptr<const ConvLayer> layer,
                                                 const ConvShape& shape);

}  // namespace convfuse
