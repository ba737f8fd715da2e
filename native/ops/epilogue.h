// Splits an activation into what a micro-kernel does in registers (a clamp) and what is applied to
// a finished row while it is hot in L1 (everything else).
#pragma once
#include <limits>

#include "kernels/table.h"

namespace convfuse {

// Whether the activation has a tail (kernels/activation.h).
inline bool HasTail(const Activation& a) {
  const Activation none;
  return a.scale != none.scale || a.shift != none.shift || a.low != none.low || a.high != none.high;
}

struct Epilogue {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
  bool rows = false;  // there is work for activate_row

  explicit Epilogue(const Activation& activation) {
    rows = HasTail(activation);
    if (rows) return;
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

}  // namespace convfuse
