// Square blocks of vectors, transposed in registers.
#pragma once
#include "kernels/shuffle-inl.h"

namespace convfuse::CONVFUSE_ISA {

// Two rows that lie kStep apart swap the off-diagonal kStep x kStep blocks between them.
template <int kStep, int... I>
CONVFUSE_INLINE void SwapBlocks(V& a, V& b, Lanes<I...>) {
  constexpr int kL = static_cast<int>(kLanes);
  const V low = __builtin_shufflevector(a, b, (I / kStep % 2 == 0 ? I : kL + I - kStep)...);
  b = __builtin_shufflevector(a, b, (I / kStep % 2 == 0 ? I + kStep : kL + I)...);
  a = low;
}

template <size_t kStep>
CONVFUSE_INLINE void TransposeSteps(V (&r)[kLanes]) {
  if constexpr (kStep < kLanes) {
#pragma GCC unroll 16
    for (size_t i = 0; i < kLanes; ++i)
      if ((i & kStep) == 0) SwapBlocks<static_cast<int>(kStep)>(r[i], r[i + kStep], AllLanes{});
    TransposeSteps<2 * kStep>(r);
  }
}

CONVFUSE_INLINE void Transpose(V (&r)[kLanes]) { TransposeSteps<1>(r); }

}  // namespace convfuse::CONVFUSE_ISA
