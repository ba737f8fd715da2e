#include "ops/choose.h"

#include "ops/conv_plain.h"

namespace convfuse {

Choice Choose(const std::shared_ptr<const ConvLayer>& layer, const ConvShape& shape,
              size_t threads, PreparedWeights* weights) {
  if (!layer->finite_weights)
    return {MakePlainConv(layer, shape), "a weight is not finite: padding must be skipped"};
  if (!weights->packed) weights->packed = std::make_shared<PackedWeights>(*layer);
  return {MakePackedConv(layer, weights->packed, shape, threads), "runs every shape"};
}

}  // namespace convfuse
