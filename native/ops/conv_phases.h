// Transposed convolutions in blocks: a plain convolution for each residue of the output's place
// modulo the stride, which writes every stride-th pixel.
#pragma once
#include <memory>
#include <vector>

#include "ops/conv_direct.h"

namespace convfuse {

// The plain convolutions with their weights, by the residues of row and column.
class PhaseWeights {
 public:
  struct Phase {
    std::shared_ptr<const ConvLayer> layer;  // without its weights, which are in `weights` alone
    std::shared_ptr<const DirectWeights> weights;
  };

  // For a layer that has phases.  Throws std::bad_alloc.
  PhaseWeights(const ConvLayer& layer, Element element);

  const Phase& At(size_t row, size_t column) const { return phases_[row * columns_ + column]; }

 private:
  size_t columns_;
  std::vector<Phase> phases_;
};

// Blocked in and out; one group, or groups of whole blocks.
bool PhasesFits(const ConvLayer& layer, const ConvShape& shape, Element element);
std::unique_ptr<ConvAlgorithm> MakePhasesConv(std::shared_ptr<const ConvLayer> layer,
                                              std::shared_ptr<const PhaseWeights> weights,
                                              const ConvShape& shape, size_t threads);

}  // namespace convfuse
