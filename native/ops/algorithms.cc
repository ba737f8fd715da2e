#include "ops/algorithms.h"

#include "ops/conv_depthwise.h"
#include "ops/conv_direct.h"
#include "ops/conv_packed.h"
#include "ops/conv_plain.h"

namespace convfuse {
namespace {

template <class Weights>
const std::shared_ptr<const Weights>& Once(std::shared_ptr<const Weights>* weights,
                                           const ConvLayer& layer) {
  if (!*weights) *weights = std::make_shared<Weights>(layer);
  return *weights;
}

}  // namespace

bool Fits(AlgorithmKind kind, const ConvLayer& layer, const ConvShape& shape) {
  if (kind == AlgorithmKind::kPlain) return true;
  // Padded zeros times infinity would be NaN where the definition has a number.
  if (!layer.finite_weights) return false;
  switch (kind) {
    case AlgorithmKind::kPacked:
      return true;
    case AlgorithmKind::kDirect:
      return DirectFits(layer, shape);
    case AlgorithmKind::kDepthwise:
      return DepthwiseFits(layer);
    default:
      return false;
  }
}

std::unique_ptr<ConvAlgorithm> MakeAlgorithm(AlgorithmKind kind,
                                             const std::shared_ptr<const ConvLayer>& layer,
                                             const ConvShape& shape, size_t threads,
                                             PreparedWeights* weights) {
  switch (kind) {
    case AlgorithmKind::kPacked:
      return MakePackedConv(layer, Once(&weights->packed, *layer), shape, threads);
    case AlgorithmKind::kDirect:
      return MakeDirectConv(layer, Once(&weights->direct, *layer), shape, threads);
    case AlgorithmKind::kDepthwise:
      return MakeDepthwiseConv(layer, shape, threads);
    default:
      return MakePlainConv(layer, shape);
  }
}

}  // namespace convfuse
