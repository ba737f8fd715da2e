// How the direct convolution of blocked planes is cut into parts whose sums and input stay in L2.
#pragma once
#include "ops/conv_direct.h"

namespace convfuse {

// Rows of a band, at the least, where threads share one image by bands.
constexpr size_t kLeastBand = 7;

// Most outputs of a layer whose input may still lie in the threads' L2.
constexpr size_t kCachedOutputs = 256 << 10;

// Whether threads should share planes of one image by bands of rows, as the convolution before did
// (CutBlockedDirect): each then finds its input in its own caches.
inline bool SharesByBands(size_t height, size_t outputs, size_t threads) {
  return height >= threads * kLeastBand && outputs <= kCachedOutputs;
}

// A part is `rows` rows of one image, or some whole images; a task computes one of `splits` ranges
// of output channels of it.  All weights of the range pass through for each part, and all of the
// input for each range.
struct BlockedCut {
  size_t images, rows, splits;
  // Whether neighbouring tasks, which one thread takes, share a part rather than a range: the
  // thread then finds in its caches what it computed of the layer before.  With large weights,
  // sharing a range of these is worth more.
  bool by_parts;
};

// image_floats: the largest image of input, residual and output, which bounds the images of a part:
// offsets into it have 32 bits.
BlockedCut CutBlockedDirect(const ConvLayer& layer, const DirectWeights& weights,
                            const ConvShape& shape, size_t image_floats, size_t threads);

}  // namespace convfuse
