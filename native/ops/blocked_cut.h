// How the direct convolution of blocked planes is cut into parts whose sums and input stay in L2.
#pragma once
#include "ops/conv_direct.h"

namespace convfuse {

// A part is `rows` rows of one image, or some whole images; a task computes one of `splits` ranges
// of output channels of it.  All weights of the range pass through for each part, and all of the
// input for each range.
struct BlockedCut {
  size_t images, rows, splits;
};

// image_floats: of the largest image of input, residual and output.  Offsets into a part have 32
// bits.
BlockedCut CutBlockedDirect(const ConvLayer& layer, const DirectWeights& weights,
                            const ConvShape& shape, size_t image_floats, size_t threads);

}  // namespace convfuse
