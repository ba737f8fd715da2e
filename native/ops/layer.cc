#include "ops/layer.h"

#include <math.h>

#include <algorithm>

namespace convfuse {

size_t LargestSum(const ConvLayer& layer) {
  if (layer.precision != Precision::kStrict) return 288;
  return layer.Taps() >= 25 ? std::min<size_t>(layer.Taps(), 144) : 144;
}

std::shared_ptr<const ConvLayer> MakeLayer(const ConvGeometry& geometry, const float* weight,
                                           const float* bias, const ConvOptions& options) {
  auto layer = std::make_shared<ConvLayer>();
  layer->geometry = geometry;
  layer->table = options.table;
  layer->precision = options.precision;
  layer->activation = options.activation;
  layer->streamed_bytes = options.streamed_bytes;
  const Activation& a = options.activation;
  layer->slope.assign(a.slope, a.slope + a.slopes);
  layer->activation.slope = layer->slope.data();
  const size_t weights = layer->GroupIn() * geometry.channels_out * layer->Taps();
  layer->weight.assign(weight, weight + weights);
  layer->bias.assign(geometry.channels_out, 0);
  if (bias) std::copy_n(bias, geometry.channels_out, layer->bias.data());
  layer->finite_weights = std::all_of(layer->weight.begin(), layer->weight.end(),
                                      [](float w) { return isfinite(w); });
  return layer;
}

}  // namespace convfuse
