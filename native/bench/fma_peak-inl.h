// The most floating-point operations this core does: independent chains of FMA in registers.
#include "kernels/simd.h"

namespace convfuse::CONVFUSE_ISA {

double FmaPeakFlops(size_t rounds, float* sink);
double FmaPeakFlops(size_t rounds, float* sink) {
  V acc[12];  // more than latency times throughput of any core this runs on
  for (size_t i = 0; i < 12; ++i) acc[i] = Splat(static_cast<float>(i));
  const V a = Splat(sink[0]), b = Splat(sink[1]);
  for (size_t r = 0; r < rounds; ++r)
#pragma GCC unroll 12
    for (size_t i = 0; i < 12; ++i) acc[i] = acc[i] * a + b;
  V sum = {};
  for (size_t i = 0; i < 12; ++i) sum += acc[i];
  Store(sink, sum);
  return static_cast<double>(rounds) * 12 * kLanes * 2;
}

}  // namespace convfuse::CONVFUSE_ISA
