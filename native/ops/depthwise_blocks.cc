#include "ops/depthwise_blocks.h"

#include "ops/integers.h"

namespace convfuse {

DepthwiseBlocks::DepthwiseBlocks(const ConvLayer& layer)
    : layer_(layer), epilogue_(layer.activation) {
  const size_t channels = layer.geometry.channels_out, taps = layer.Taps();
  const size_t lanes = layer.table->lanes;
  count_ = CeilDiv(channels, lanes);
  weight_.Reserve(count_ * taps * lanes);
  bias_.Reserve(count_ * lanes);
  for (size_t i = 0; i < count_ * lanes; ++i) {
    bias_.data()[i] = i < channels ? layer.bias[i] : 0;
    for (size_t t = 0; t < taps; ++t)
      weight_.data()[(i / lanes * taps + t) * lanes + i % lanes] =
          i < channels ? layer.Weight(i, 0, t) : 0;
  }
}

std::string DepthwiseBlocks::Name() const {
  const ConvGeometry& g = layer_.geometry;
  return "depthwise " + std::to_string(g.kernel[1]) + "x" + std::to_string(g.kernel[2]);
}

void DepthwiseBlocks::Run(size_t block, BlockedDepthwise d) const {
  const ConvGeometry& g = layer_.geometry;
  const size_t lanes = layer_.table->lanes;
  for (int a = 0; a < 2; ++a) {
    d.kernel[a] = g.kernel[a + 1];
    d.stride[a] = g.stride[a + 1];
    d.dilation[a] = g.dilation[a + 1];
  }
  d.weight = weight_.data() + block * layer_.Taps() * lanes;
  d.bias = bias_.data() + block * lanes;
  d.low = epilogue_.low;
  d.high = epilogue_.high;
  layer_.table->blocked_depthwise(d);
  for (size_t y = 0; epilogue_.rows && y < d.rows; ++y)
    layer_.table->activate_row(layer_.activation, 0, d.width * lanes, d.out + y * d.out_row);
}

}  // namespace convfuse
