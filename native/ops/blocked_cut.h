// How the direct convolution of blocked planes is cut into parts whose sums and input stay in L2.
#pragma once
#include "ops/conv_direct.h"

namespace convfuse {

// Rows of a band, at the least, where threads share one image by bands.
constexpr size_t kLeastBand = 7;

// A part is `rows` rows of one image, or some whole images; a task computes one of `splits` ranges
// of output channels of it.  All weights of the range pass through for each part, and all of the
// input for each range.
struct BlockedCut {
  size_t images, rows, splits;
  // Neighbouring tasks share their part, and not their range: a thread then finds in its own caches
  // what it computed of the layer before.  Large weights are worth more than that.
  bool by_parts;
};

// image_floats: of the largest image of input, residual and output.  Offsets into a part have 32
// bits.
BlockedCut CutBlockedDirect(const ConvLayer& layer, const DirectWeights& weights,
                            const ConvShape& shape, size_t image_floats, size_t threads);

}  // namespace convfuse
