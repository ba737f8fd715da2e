#include "ops/conv_direct.h"

#include <algorithm>

#include "ops/integers.h"

namespace convfuse {

namespace {

// Most products of a block in groups.  Two slices of weights then are 18 KB, and stay in an L1
// beside the pixels that pass by: with 288, as the default has otherwise, 1x1 layers took 1 to 4 %
// longer with AVX2.
constexpr size_t kMostGrouped = 144;

}  // namespace

size_t ProductBlocks(const ConvLayer& layer, size_t elements) {
  return CeilDiv(std::max<size_t>(1, elements),
                 std::max<size_t>(1, LargestSum(layer) / layer.Taps()));
}

AlignedBuffer SliceBias(const ConvLayer& layer, const DirectWeights& weights) {
  AlignedBuffer bias;
  const size_t groups = layer.geometry.groups, outputs = layer.GroupOut();
  const size_t width = weights.slices() * layer.table->direct_channels;
  bias.Reserve(groups * width);
  std::fill_n(bias.data(), bias.size(), 0.0f);
  for (size_t g = 0; g < groups; ++g)
    std::copy_n(layer.bias.data() + g * outputs, outputs, bias.data() + g * width);
  return bias;
}

DirectWeights::DirectWeights(const ConvLayer& layer, Element element, WeightOrder order)
    : layer_(layer), element_(element), order_(order) {
  const size_t width = layer.table->direct_channels, taps = layer.Taps();
  elements_ = CeilDiv(layer.GroupIn(), ChannelsOf(element));
  slices_ = CeilDiv(layer.GroupOut(), width);
  blocks_ = ProductBlocks(layer, elements_);
  if (element == Element::kFloat && order != WeightOrder::kByElements)
    group_ = layer.table->grouped_products;
  const size_t most = std::min(LargestSum(layer), kMostGrouped) / taps;
  if (group_ > 1 && most >= group_) {
    unit_ = group_;
    blocks_ = CeilDiv(std::max<size_t>(1, CeilDiv(elements_, unit_)), most / unit_);
  }
  data_.Reserve(layer.geometry.groups * elements_ * taps * slices_ * width);
  float* out = data_.data();
  for (size_t g = 0; g < layer.geometry.groups; ++g)
    for (size_t b = 0; b < blocks_; ++b)
      for (size_t s = 0; s < slices_; ++s)
        for (size_t k = 0; k < Elements(b) * taps; ++k) {
          const Product product = At(b, k, taps);
          for (size_t j = 0; j < width; ++j) {
            const size_t m = s * width + j;
            *out++ = m < layer.GroupOut()
                         ? WeightElement(layer, element, g * layer.GroupOut() + m,
                                         product.element * ChannelsOf(element), product.tap)
                         : 0;
          }
        }
}

DirectWeights::Product DirectWeights::At(size_t block, size_t k, size_t taps) const {
  const size_t begin = ElementBegin(block), elements = Elements(block);
  if (order_ == WeightOrder::kByTaps) return {begin + k % elements, k / elements};
  const size_t whole = elements / group_ * group_;
  if (k >= whole * taps) {
    k -= whole * taps;
    return {begin + whole + k / taps, k % taps};
  }
  const size_t group = k / (group_ * taps);
  return {begin + group * group_ + k % group_, k / group_ % taps};
}

size_t DirectWeights::Grouped(size_t block, size_t k) const {
  const size_t elements = Elements(block), others = elements % group_;
  if (group_ == 1 || elements == 0) return 0;
  if (order_ == WeightOrder::kByTaps) return others == 0 ? k : 0;
  return k / elements * (elements - others);
}

size_t DirectWeights::ElementBegin(size_t block) const {
  return std::min(elements_, EvenCut(CeilDiv(elements_, unit_), block, blocks_) * unit_);
}

size_t DirectWeights::most_elements() const {
  size_t most = 0;
  for (size_t b = 0; b < blocks_; ++b) most = std::max(most, Elements(b));
  return most;
}

const float* DirectWeights::Slice(size_t group, size_t block, size_t slice) const {
  const size_t width = layer_.table->direct_channels * layer_.Taps();
  return data_.data() + (group * elements_ + ElementBegin(block)) * slices_ * width +
         slice * Elements(block) * width;
}

}  // namespace convfuse
