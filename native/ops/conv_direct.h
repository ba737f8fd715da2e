// Direct convolution of planes: each task copies the input rows it needs between zeros, block of
// channels by block of channels, and broadcasts pixels from there.  Strides 1 and 2 along a row.
#pragma once
#include <memory>
#include <vector>

#include "ops/element.h"
#include "ops/workspace.h"

namespace convfuse {

// Weights as [group][block of elements][slice of direct_channels outputs][element][tap][output];
// in groups of elements that the tile on blocks takes together (grouped_products): [group of
// elements][tap][element] in the middle; or by taps: [tap][element], so that a range of taps can be
// left out.
enum class WeightOrder { kByElements, kByGroups, kByTaps };
class DirectWeights {
 public:
  // Throws std::bad_alloc.
  DirectWeights(const ConvLayer& layer, Element element,
                WeightOrder order = WeightOrder::kByElements);

  // Product k of a block whose elements have `taps` taps each: the layer's, or some of its columns.
  struct Product {
    size_t element, tap;
  };
  Product At(size_t block, size_t k, size_t taps) const;
  // How many of the first k products, all of some taps, come in groups (BlockedTile::grouped).
  size_t Grouped(size_t block, size_t k) const;

  Element element() const { return element_; }
  WeightOrder order() const { return order_; }
  size_t slices() const { return slices_; }  // per group
  size_t blocks() const { return blocks_; }
  size_t ElementBegin(size_t block) const;
  size_t Elements(size_t block) const { return ElementBegin(block + 1) - ElementBegin(block); }
  size_t most_elements() const;
  const float* Slice(size_t group, size_t block, size_t slice) const;

 private:
  const ConvLayer& layer_;
  Element element_;
  WeightOrder order_;
  size_t elements_, slices_;
  size_t group_ = 1;  // elements of a group
  size_t unit_ = 1;   // of which a block has a whole number, unless it is the last
  size_t blocks_;
  AlignedBuffer data_;
};

// How many blocks of products the sums over `elements` elements of the input are cut into
// (LargestSum).
size_t ProductBlocks(const ConvLayer& layer, size_t elements);

// The layer's bias, and zeros for what fills the last slice of a group.  Throws std::bad_alloc.
AlignedBuffer SliceBias(const ConvLayer& layer, const DirectWeights& weights);

// Whether the kernel fits this layer: a plane with dense input, not transposed, a stride of 1 or 2
// along a row, few enough taps.
bool DirectFits(const ConvLayer& layer, const ConvShape& shape);

// More floats of weights than this do not stay in an L2: threads then divide the output channels,
// so that each reads only a part of the weights from farther away.
constexpr size_t kLargeWeights = (1 << 20) / sizeof(float);

// Whether DirectFits, with one group, and one call of a tile can compute all products of its
// pixels: as chains of equal length, whose weights together stay in L1.
bool HasFewProducts(const ConvLayer& layer, const ConvShape& shape);

std::unique_ptr<ConvAlgorithm> MakeDirectConv(std::shared_ptr<const ConvLayer> layer,
                                              std::shared_ptr<const DirectWeights> weights,
                                              const ConvShape& shape, size_t threads);

}  // namespace convfuse
