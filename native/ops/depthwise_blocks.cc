#include "ops/depthwise_blocks.h"

#include "ops/integers.h"
#include "ops/output_store.h"

namespace convfuse {

bool DepthwiseBlocks::Suits(const ConvLayer& layer) {
  const size_t share = layer.GroupIn();
  // All products of an output are one chain, which must not be longer than LargestSum.
  return share == layer.GroupOut() && layer.table->lanes % share == 0 &&
         share < layer.table->lanes && (share == 1 || share * layer.Taps() <= LargestSum(layer));
}

DepthwiseBlocks::DepthwiseBlocks(const ConvLayer& layer)
    : layer_(layer), epilogue_(layer.activation) {
  const ConvGeometry& g = layer.geometry;
  const size_t channels = g.channels_out, lanes = layer.table->lanes, share = layer.GroupIn();
  count_ = CeilDiv(channels, lanes);
  weight_.Reserve(count_ * layer.Taps() * share * lanes);
  bias_.Reserve(count_ * lanes);
  for (size_t i = 0; i < count_ * lanes; ++i) bias_.data()[i] = i < channels ? layer.bias[i] : 0;
  float* out = weight_.data();
  for (size_t block = 0; block < count_; ++block)
    for (size_t y = 0; y < g.kernel[1]; ++y)
      for (size_t c = 0; c < share; ++c)
        for (size_t x = 0; x < g.kernel[2]; ++x)
          for (size_t m = block * lanes; m < (block + 1) * lanes; ++m)
            *out++ = m < channels ? layer.Weight(m, c, y * g.kernel[2] + x) : 0;
}

std::string DepthwiseBlocks::Name() const {
  const ConvGeometry& g = layer_.geometry;
  const size_t share = layer_.GroupIn();
  return (share == 1 ? "depthwise " : "groups of " + std::to_string(share) + ", ") +
         std::to_string(g.kernel[1]) + "x" + std::to_string(g.kernel[2]);
}

void DepthwiseBlocks::Run(size_t block, BlockedDepthwise d) const {
  const ConvGeometry& g = layer_.geometry;
  const size_t lanes = layer_.table->lanes;
  for (int a = 0; a < 2; ++a) {
    d.kernel[a] = g.kernel[a + 1];
    d.stride[a] = g.stride[a + 1];
    d.dilation[a] = g.dilation[a + 1];
  }
  d.share = layer_.GroupIn();
  d.weight = weight_.data() + block * layer_.Taps() * d.share * lanes;
  d.bias = bias_.data() + block * lanes;
  d.low = epilogue_.low;
  d.high = epilogue_.high;
  layer_.table->blocked_depthwise(d);
  if (epilogue_.rows) ActivateBlock(layer_, block, d.rows, d.width, d.out_row, d.out);
}

}  // namespace convfuse
