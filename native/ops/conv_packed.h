// Implicit GEMM: output channels x pixels, the columns of B gathered from the input as they are
// packed.  Runs every convolution: any rank, stride, dilation, padding, grouping, transposed too.
//
// A transposed convolution is cut into phases, one per residue of the output position modulo the
// stride.  Inside a phase, output o = first + stride * j reads input j + offset of each tap that
// lands on it: a convolution of stride 1 whose output is spread out.
#pragma once
#include <memory>
#include <vector>

#include "ops/element.h"
#include "ops/workspace.h"

namespace convfuse {

// Weights in panels of table.mr rows, of numbers or of pairs of them, for every phase, group and
// block of K.  Independent of the input shape.
class PackedWeights {
 public:
  // A block covers the taps [tap_begin, tap_begin + taps) of its phase and some channels.
  struct Block {
    size_t tap_begin, taps, channel_begin, channels;
    size_t elements;  // of those channels
    size_t offset;    // of its first panel in the data of a group
    size_t K() const { return taps * elements; }
  };
  struct Phase {
    size_t residue[3];
    std::vector<size_t> taps;  // flat kernel indices
    std::vector<Block> blocks;  // at least one, possibly with K() == 0
    size_t offset, group_size;  // in data
  };

  // Throws std::bad_alloc.
  PackedWeights(const ConvLayer& layer, Element element);

  Element element() const { return element_; }
  const std::vector<Phase>& phases() const { return phases_; }
  size_t panels() const { return panels_; }
  size_t largest_k() const { return largest_k_; }
  const float* Panel(const Phase& phase, size_t group, const Block& block, size_t panel) const;

 private:
  const ConvLayer& layer_;
  Element element_;
  std::vector<Phase> phases_;
  size_t panels_;
  size_t largest_k_ = 0;
  AlignedBuffer data_;
};

std::unique_ptr<ConvAlgorithm> MakePackedConv(std::shared_ptr<const ConvLayer> layer,
                                              std::shared_ptr<const PackedWeights> weights,
                                              const ConvShape& shape, size_t threads);

}  // namespace convfuse
