// Lanes rearranged by constant patterns.
#pragma once
#include "kernels/simd.h"

namespace convfuse::CONVFUSE_ISA {

template <int... kIndex>
struct Lanes {};
template <int kCount, int... kIndex>
struct CountLanes : CountLanes<kCount - 1, kCount - 1, kIndex...> {};
template <int... kIndex>
struct CountLanes<0, kIndex...> {
  using Type = Lanes<kIndex...>;
};
using AllLanes = CountLanes<static_cast<int>(kLanes)>::Type;

template <int... I>
CONVFUSE_INLINE V EvenOf(V a, V b, Lanes<I...>) {
  return __builtin_shufflevector(a, b, (2 * I)...);
}
template <int... I>
CONVFUSE_INLINE V OddOf(V a, V b, Lanes<I...>) {
  return __builtin_shufflevector(a, b, (2 * I + 1)...);
}
// Lanes kFirst, kFirst + 1 ... of a and b, in turn.
template <int kFirst, int... I>
CONVFUSE_INLINE V ZipOf(V a, V b, Lanes<I...>) {
  return __builtin_shufflevector(
      a, b, (kFirst + I / 2 + (I % 2 == 0 ? 0 : static_cast<int>(kLanes)))...);
}
template <int... I>
CONVFUSE_INLINE V FollowOf(V a, V b, Lanes<I...>) {
  return __builtin_shufflevector(a, b, (I + 1)...);
}

// The elements of even, and of odd, index of the sequence a, b.
CONVFUSE_INLINE V Even(V a, V b) { return EvenOf(a, b, AllLanes{}); }
CONVFUSE_INLINE V Odd(V a, V b) { return OddOf(a, b, AllLanes{}); }

// The lower, and the upper, half of the sequence a[0], b[0], a[1], b[1] ...
CONVFUSE_INLINE V ZipLow(V a, V b) { return ZipOf<0>(a, b, AllLanes{}); }
CONVFUSE_INLINE V ZipHigh(V a, V b) {
  return ZipOf<static_cast<int>(kLanes) / 2>(a, b, AllLanes{});
}

// All but the first lane of a, then the first of b.
CONVFUSE_INLINE V Follow(V a, V b) { return FollowOf(a, b, AllLanes{}); }

}  // namespace convfuse::CONVFUSE_ISA
