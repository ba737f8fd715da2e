// Every way to run a convolution: which fit a layer and a shape, and how to make them.
#pragma once
#include <memory>

#include "kernels/winograd.h"
#include "ops/layer.h"

namespace convfuse {

class DirectWeights;
class DotWeights;
class PackedWeights;
class PhaseWeights;
class WinogradWeights;
struct InterleavedLayer;

enum class AlgorithmKind : int {
  kPlain = 0,
  kPacked,
  kPackedBf16,
  kDirect,
  kDirectBf16,
  kSkippingBf16,  // the same without products of padding
  kDepthwise,
  kBlockedDirect,
  kBlockedDepthwise,
  kSkipping,  // direct on blocks, without products of padding
  kDirectOnCopies,  // the three above on a dense input, copied into blocks
  kDepthwiseOnCopies,
  kSkippingOnCopies,
  kPlanes,  // up to kPlaneChannels output channels
  kLanes,   // lanes are pixels
  kDots,    // lanes are input channels
  kPhases,  // transposed convolutions, on blocks
  kPhasesBf16,
  kPhasesOnCopies,  // kPhases on a dense input, copied into blocks
  kInterleaved,
  kWinogradF2,
  kWinogradF4,
  kWinogradStride2,
  kWinogradPolyphase,
  kCount
};

inline bool IsWinograd(AlgorithmKind kind) {
  return kind >= AlgorithmKind::kWinogradF2 && kind <= AlgorithmKind::kWinogradPolyphase;
}

inline bool MultipliesBf16(AlgorithmKind kind) {
  return kind == AlgorithmKind::kPackedBf16 || kind == AlgorithmKind::kDirectBf16 ||
         kind == AlgorithmKind::kSkippingBf16 || kind == AlgorithmKind::kPhasesBf16;
}

// Whether bands of rows may be computed one by one, with the bits of the whole: from blocks, or
// from a dense x, where the algorithm must heed ConvRun::first_row.
inline bool ComputesRows(AlgorithmKind kind, bool dense) {
  if (dense) return kind == AlgorithmKind::kDirect;
  return kind == AlgorithmKind::kBlockedDirect || kind == AlgorithmKind::kBlockedDepthwise ||
         kind == AlgorithmKind::kDirectBf16;
}

// Weights in the forms that plans of one layer share; each is made when a plan first needs it.
struct PreparedWeights {
  std::shared_ptr<const PackedWeights> packed, packed_bf16;
  std::shared_ptr<const DirectWeights> direct, direct_by_groups, direct_by_taps;
  std::shared_ptr<const DirectWeights> direct_bf16, direct_bf16_by_taps;
  std::shared_ptr<const DotWeights> dots;
  std::shared_ptr<const PhaseWeights> phases, phases_bf16;
  std::shared_ptr<InterleavedLayer> interleaved;
  std::shared_ptr<const WinogradWeights> winograd[static_cast<int>(WinogradKind::kCount)];
};

// Whether the algorithm computes this layer on this shape, in its layouts, at the precision of the
// layer.  What fits the dense shape fits any layouts by way of copies
// (MakeForLayouts).
bool Fits(AlgorithmKind kind, const ConvLayer& layer, const ConvShape& shape);

// Makes an algorithm that fits.  `threads` shapes how work is divided, never what is computed.
// Throws std::bad_alloc.
std::unique_ptr<ConvAlgorithm> MakeAlgorithm(AlgorithmKind kind,
                                             const std::shared_ptr<const ConvLayer>& layer,
                                             const ConvShape& shape, size_t threads,
                                             PreparedWeights* weights);

// The same for an algorithm that may fit only the shape with all layouts dense: it then works
// between copies.
std::unique_ptr<ConvAlgorithm> MakeForLayouts(AlgorithmKind kind,
                                              const std::shared_ptr<const ConvLayer>& layer,
                                              const ConvShape& shape, size_t threads,
                                              PreparedWeights* weights);

}  // namespace convfuse
