// Where the direct convolution of blocked planes finds its elements: offsets in floats.
#pragma once
#include <stdint.h>

#include <vector>

#include "kernels/blocked.h"
#include "ops/blocked_cut.h"
#include "ops/tap_parts.h"

namespace convfuse {

// Outputs that are every step-th row and column of a larger plane, from `first` on, such as those
// of one phase of a transposed convolution.
struct OutputGrid {
  size_t first[2], step[2];
  size_t size[2];  // of the plane
};

// Strides of a layer's input, output and residual.
struct BlockedPlanes {
  // Without a grid, outputs lie side by side.
  BlockedPlanes(const ConvLayer& layer, const ConvShape& shape, const OutputGrid* grid = nullptr);
  size_t LargestImage() const;

  BlockedStrides x, out, residual;
  size_t x_pixel, out_pixel;  // from pixel to pixel of a row; out_pixel is the residual's too
};

// Offsets from a pixel to each of its products.  Both lists have the same products; they differ in
// the line that is fetched beside each product.
struct ProductOffsets {
  std::vector<BlockedProduct> next_pixels;   // what the next tile reads, from its first pixel
  std::vector<BlockedProduct> next_weights;  // a part of the weights that follow

  // How many tiles together fetch the weights of a slice.
  static constexpr size_t kFetchTiles = 4;
};
// The products of each range of columns in turn: all elements, in the order of the weights.
ProductOffsets LocateProducts(const ConvLayer& layer, const DirectWeights& weights,
                              const BlockedStrides& x, const std::vector<AxisPart>& columns);

// Offsets from the first pixel of a part to each of its pixels, row by row and image by image.
struct PixelOffsets {
  std::vector<uint32_t> x, out, residual;
  bool evenly;  // the input pixels of an image follow each other as in one row
};
PixelOffsets LocatePixels(const ConvLayer& layer, const ConvShape& shape, const BlockedCut& cut,
                          const BlockedPlanes& planes);

}  // namespace convfuse
