// Splits an activation into what a micro-kernel does in registers (a clamp) and what is applied to
// a finished row while it is hot in L1 (everything else).
#pragma once
#include <limits>

#include "kernels/table.h"

namespace convfuse {

struct Epilogue {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
  bool rows = false;  // FinishRow has work to do

  explicit Epilogue(const Activation& activation) {
    switch (activation.kind) {
      case ActivationKind::kIdentity:
        break;
      case ActivationKind::kRelu:
        low = 0;
        break;
      case ActivationKind::kRelu6:
        low = 0;
        high = 6;
        break;
      default:
        rows = true;
    }
  }
};

// The activation of output channel `channel` on n values in place.
inline void FinishRow(const KernelTable& table, const Activation& a, size_t channel, size_t n,
                      float* x) {
  const float alpha =
      a.kind == ActivationKind::kPrelu ? a.slope[a.slopes == 1 ? 0 : channel] : a.alpha;
  table.activate_row(a.kind, alpha, a.beta, n, x);
}

}  // namespace convfuse
