// Addresses of up to seven pixels at equal steps, which are known at run time only.  An x86 load
// adds 1, 2 or 4 times a register to a base: three registers (1, 3 and 5 steps) reach all seven
// from one base.
#pragma once
#include "kernels/direct_size-inl.h"

namespace convfuse::CONVFUSE_ISA {

struct PixelSteps {
  ptrdiff_t one, three, five;  // bytes
};

CONVFUSE_INLINE PixelSteps StepsOf(size_t floats) {
  PixelSteps s;
  s.one = static_cast<ptrdiff_t>(floats * sizeof(float));
  s.three = 3 * s.one;
  s.five = 5 * s.one;
  // Keeps all three in registers; they would be computed again for every product.
  asm("" : "+r"(s.one), "+r"(s.three), "+r"(s.five));
  return s;
}

CONVFUSE_INLINE const float* PixelAt(const float* p, const PixelSteps& s, size_t pixels) {
  const ptrdiff_t bytes = pixels == 3   ? s.three
                          : pixels == 5 ? s.five
                          : pixels == 6 ? 2 * s.three
                                        : static_cast<ptrdiff_t>(pixels) * s.one;
  return reinterpret_cast<const float*>(reinterpret_cast<const char*>(p) + bytes);
}

}  // namespace convfuse::CONVFUSE_ISA
