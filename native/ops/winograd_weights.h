// Weights in the domain of a Winograd algorithm: G w G^T, computed in double, rounded once.
#pragma once
#include "kernels/winograd.h"
#include "ops/layer.h"
#include "ops/workspace.h"

namespace convfuse {

// A channel of the matrix product reads one input channel; of kPolyphase, one phase of it: index
// (channel * 2 + row parity) * 2 + column parity.
constexpr size_t WinogradPhases(WinogradKind kind) {
  return kind == WinogradKind::kPolyphase ? 4 : 1;
}

// Ordered [group][slice of direct_channels outputs][point][channel][output].
class WinogradWeights {
 public:
  // Throws std::bad_alloc.
  WinogradWeights(WinogradKind kind, const ConvLayer& layer);

  size_t channels() const { return channels_; }
  size_t slices() const { return slices_; }
  const float* Slice(size_t group, size_t slice, size_t point) const {
    return data_.data() + ((group * slices_ + slice) * points_ + point) * channels_ * width_;
  }

 private:
  size_t channels_, slices_, points_, width_;
  AlignedBuffer data_;
};

}  // namespace convfuse
