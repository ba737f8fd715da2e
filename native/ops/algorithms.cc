#include "ops/algorithms.h"

#include "ops/conv_bf16.h"
#include "ops/conv_blocked.h"
#include "ops/conv_converted.h"
#include "ops/conv_depthwise.h"
#include "ops/conv_direct.h"
#include "ops/conv_dots.h"
#include "ops/conv_interleaved.h"
#include "ops/conv_lanes.h"
#include "ops/conv_packed.h"
#include "ops/conv_phases.h"
#include "ops/conv_plain.h"
#include "ops/conv_planes.h"
#include "ops/conv_winograd.h"
#include "ops/phases.h"

namespace convfuse {
namespace {

// Makes the weights unless they have been made already.
template <class Weights, class... Arguments>
const std::shared_ptr<const Weights>& Once(std::shared_ptr<const Weights>* weights,
                                           Arguments&&... arguments) {
  if (!*weights) *weights = std::make_shared<Weights>(arguments...);
  return *weights;
}

// The kinds stand in the same order in both lists.
WinogradKind WinogradOf(AlgorithmKind kind) {
  return static_cast<WinogradKind>(static_cast<int>(kind) -
                                   static_cast<int>(AlgorithmKind::kWinogradF2));
}

// The direct kernel's sums go from blocks into dense planes.
ConvShape CopiedShape(const ConvLayer& layer, const ConvShape& shape) {
  return BlockedShape(layer, shape, false);
}

}  // namespace

bool Fits(AlgorithmKind kind, const ConvLayer& layer, const ConvShape& shape) {
  if (kind == AlgorithmKind::kPlain) return shape.IsDense();
  // Padded zeros times infinity would be NaN where the definition has a number.
  if (!layer.finite_weights) return false;
  if (IsWinograd(kind)) return WinogradFits(WinogradOf(kind), layer, shape);
  switch (kind) {
    case AlgorithmKind::kPacked:
      return shape.IsDense();
    case AlgorithmKind::kBlockedDirect:
    case AlgorithmKind::kSkipping:
      return BlockedDirectFits(layer, shape);
    case AlgorithmKind::kBlockedDepthwise:
      return BlockedDepthwiseFits(layer, shape);
    case AlgorithmKind::kDirectOnCopies:
    case AlgorithmKind::kSkippingOnCopies:
      return shape.IsDense() && BlockedDirectFits(layer, CopiedShape(layer, shape));
    case AlgorithmKind::kDepthwiseOnCopies:
      return DepthwiseOnCopiesFits(layer, shape);
    case AlgorithmKind::kPlanes:
      return PlanesFits(layer, shape);
    case AlgorithmKind::kLanes:
      return LanesFits(layer, shape);
    case AlgorithmKind::kDots:
      return DotsFits(layer, shape);
    case AlgorithmKind::kPhases:
      return PhasesFits(layer, shape, Element::kFloat);
    case AlgorithmKind::kPhasesBf16:
      return PhasesFits(layer, shape, Element::kBf16Pair);
    case AlgorithmKind::kPhasesOnCopies:
      return !shape.x_layout.blocked && HasPhases(layer, shape) &&
             PhasesFits(layer, PhasesShape(layer, shape), Element::kFloat);
    case AlgorithmKind::kInterleaved:
      return InterleavedFits(layer, shape);
    case AlgorithmKind::kDirect:
      return DirectFits(layer, shape);
    case AlgorithmKind::kDirectBf16:
    case AlgorithmKind::kSkippingBf16:
      return DirectBf16Fits(layer, shape);
    case AlgorithmKind::kPackedBf16:
      return HasPairs(layer) && shape.IsDense();
    case AlgorithmKind::kDepthwise:
      return shape.IsDense() && DepthwiseFits(layer);
    default:
      return false;
  }
}

std::unique_ptr<ConvAlgorithm> MakeAlgorithm(AlgorithmKind kind,
                                             const std::shared_ptr<const ConvLayer>& layer,
                                             const ConvShape& shape, size_t threads,
                                             PreparedWeights* weights) {
  if (IsWinograd(kind)) {
    const WinogradKind winograd = WinogradOf(kind);
    auto& prepared = weights->winograd[static_cast<int>(winograd)];
    if (!prepared) prepared = std::make_shared<WinogradWeights>(winograd, *layer);
    return MakeWinogradConv(winograd, layer, prepared, shape, threads);
  }
  switch (kind) {
    case AlgorithmKind::kPacked:
      return MakePackedConv(layer, Once(&weights->packed, *layer, Element::kFloat), shape, threads);
    case AlgorithmKind::kPackedBf16:
      return MakePackedConv(layer, Once(&weights->packed_bf16, *layer, Element::kBf16Pair), shape,
                            threads);
    case AlgorithmKind::kDirect:
      return MakeDirectConv(
          layer, Once(&weights->direct, *layer, Element::kFloat), shape, threads);
    case AlgorithmKind::kLanes:
      return MakeLanesConv(layer, Once(&weights->packed, *layer, Element::kFloat), shape, threads);
    case AlgorithmKind::kPlanes:
      return MakePlanesConv(
          layer, Once(&weights->direct, *layer, Element::kFloat), shape, threads);
    case AlgorithmKind::kDots:
      return MakeDotsConv(layer, Once(&weights->dots, *layer), shape, threads);
    case AlgorithmKind::kPhases:
      return MakePhasesConv(layer, Once(&weights->phases, *layer, Element::kFloat), shape, threads);
    case AlgorithmKind::kPhasesBf16:
      return MakePhasesConv(layer, Once(&weights->phases_bf16, *layer, Element::kBf16Pair), shape,
                            threads);
    case AlgorithmKind::kPhasesOnCopies: {
      const ConvShape copied = PhasesShape(*layer, shape);
      return MakeConvertedConv(
          MakeAlgorithm(AlgorithmKind::kPhases, layer, copied, threads, weights), copied, layer,
          shape);
    }
    case AlgorithmKind::kInterleaved:
      if (!weights->interleaved) weights->interleaved = MakeInterleavedLayer(*layer);
      return MakeInterleavedConv(layer, weights->interleaved.get(), shape, threads);
    case AlgorithmKind::kDirectBf16:
      return MakeDirectBf16Conv(
          layer, Once(&weights->direct_bf16, *layer, Element::kBf16Pair), shape, threads);
    case AlgorithmKind::kSkippingBf16:
      return MakeDirectBf16Conv(
          layer,
          Once(&weights->direct_bf16_by_taps, *layer, Element::kBf16Pair, WeightOrder::kByTaps),
          shape, threads);
    case AlgorithmKind::kDepthwise:
      return MakeDepthwiseConv(layer, shape, threads);
    case AlgorithmKind::kBlockedDirect:
      return MakeBlockedDirectConv(
          layer,
          layer->table->grouped_products == 1
              ? Once(&weights->direct, *layer, Element::kFloat)
              : Once(&weights->direct_by_groups, *layer, Element::kFloat, WeightOrder::kByGroups),
          shape, threads);
    case AlgorithmKind::kBlockedDepthwise:
      return MakeBlockedDepthwiseConv(layer, shape, threads);
    case AlgorithmKind::kDepthwiseOnCopies:
      return MakeDepthwiseOnCopies(layer, shape, threads);
    case AlgorithmKind::kSkipping:
      return MakeBlockedDirectConv(
          layer,
          Once(&weights->direct_by_taps, *layer, Element::kFloat, WeightOrder::kByTaps), shape,
          threads);
    case AlgorithmKind::kDirectOnCopies:
    case AlgorithmKind::kSkippingOnCopies: {
      const ConvShape copied = CopiedShape(*layer, shape);
      const AlgorithmKind inner = kind == AlgorithmKind::kDirectOnCopies
                                      ? AlgorithmKind::kBlockedDirect
                                      : AlgorithmKind::kSkipping;
      return MakeConvertedConv(MakeAlgorithm(inner, layer, copied, threads, weights), copied, layer,
                               shape);
    }
    default:
      return MakePlainConv(layer, shape);
  }
}

std::unique_ptr<ConvAlgorithm> MakeForLayouts(AlgorithmKind kind,
                                              const std::shared_ptr<const ConvLayer>& layer,
                                              const ConvShape& shape, size_t threads,
                                              PreparedWeights* weights) {
  if (Fits(kind, *layer, shape)) return MakeAlgorithm(kind, layer, shape, threads, weights);
  const ConvShape dense = DenseShape(shape);
  return MakeConvertedConv(MakeAlgorithm(kind, layer, dense, threads, weights), dense, layer,
                           shape);
}

}  // namespace convfuse
