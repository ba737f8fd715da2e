// Convolutions of planes in blocks inside halos: no row is copied, nothing is packed.
#pragma once
#include <algorithm>
#include <memory>

#include "ops/blocked_offsets.h"
#include "ops/conv_direct.h"

namespace convfuse {

constexpr size_t kSliceVectors = 2;  // in direct_channels

// Vectors of channels of the next tile, where `left` are left.  More of them share the broadcasts
// of pixels: four where the kernel has such tiles, and a third one rather than one alone.
inline size_t TileVectors(const KernelTable& table, size_t left) {
  if (left >= kBlockedVectors && left != kBlockedVectors + 1 &&
      table.blocked_pixels[kBlockedVectors] > 0)
    return kBlockedVectors;
  return left == 3 ? 3 : std::min(left, kSliceVectors);
}

// Whether at most half of the lanes of vector end - 1, the last one of a tile, are channels.
inline bool EndsInHalf(const ConvLayer& layer, size_t end) {
  const size_t lanes = layer.table->lanes, channels = layer.GroupOut();
  return end * lanes >= channels + lanes / 2;
}

// Whether x lies in blocks whose halo has all that the taps read.
bool BlockedFits(const ConvLayer& layer, const ConvShape& shape);

// One group, or groups of whole blocks, in and out; strides of 1 and 2 along a row; blocked or
// dense out.
bool BlockedDirectFits(const ConvLayer& layer, const ConvShape& shape);
// With weights by taps, products whose taps lie outside the input are left out: not for a band of a
// chain, whose shape does not tell where the input ends.  A grid asks for blocks out and for an
// activation that is no more than a clamp.
std::unique_ptr<ConvAlgorithm> MakeBlockedDirectConv(std::shared_ptr<const ConvLayer> layer,
                                                     std::shared_ptr<const DirectWeights> weights,
                                                     const ConvShape& shape, size_t threads,
                                                     const OutputGrid* grid = nullptr);

// As many groups as channels, in and out, or groups that divide a block; blocked out.
bool BlockedDepthwiseFits(const ConvLayer& layer, const ConvShape& shape);
std::unique_ptr<ConvAlgorithm> MakeBlockedDepthwiseConv(std::shared_ptr<const ConvLayer> layer,
                                                        const ConvShape& shape, size_t threads);

// The same on dense planes: a block of channels at a time is copied to where it stays in L2,
// computed, and copied back.
bool DepthwiseOnCopiesFits(const ConvLayer& layer, const ConvShape& shape);
std::unique_ptr<ConvAlgorithm> MakeDepthwiseOnCopies(std::shared_ptr<const ConvLayer> layer,
                                                     const ConvShape& shape, size_t threads);

}  // namespace convfuse
