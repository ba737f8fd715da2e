#include "ops/choose.h"

namespace convfuse {

Choice Choose(const ConvLayer& layer, const ConvShape& shape) {
  if (!layer.finite_weights)
    return {AlgorithmKind::kPlain, "a weight is not finite: padding must be skipped"};
  if (Fits(AlgorithmKind::kDepthwise, layer, shape))
    return {AlgorithmKind::kDepthwise, "one input channel per group"};
  const KernelTable& table = *layer.table;
  // The last slice of output channels is computed whole: half a slice wasted is the limit.
  if (Fits(AlgorithmKind::kDirect, layer, shape) && layer.Taps() > 1 &&
      layer.GroupOut() % table.direct_channels * 2 >= table.direct_channels)
    return {AlgorithmKind::kDirect, "enough output channels to fill vectors"};
  if (Fits(AlgorithmKind::kDirect, layer, shape) && layer.Taps() > 1 &&
      layer.GroupOut() >= table.direct_channels)
    return {AlgorithmKind::kDirect, "enough output channels to fill vectors"};
  return {AlgorithmKind::kPacked, "runs every shape"};
}

}  // namespace convfuse
