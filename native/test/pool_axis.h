// Axes of pools of random windows, for the tests.
#pragma once
#include <vector>

#include "kernels/pool.h"
#include "test/check.h"

namespace convfuse::test {

// An axis of a pool, with what PoolAxis points to.
struct Axis {
  size_t in, kernel, stride, dilation, pad_begin, pad_end;
  std::vector<int32_t> start, taps, divisor;

  size_t out() const { return start.size(); }
  PoolAxis Kernel() const {
    return {in, out(), dilation, start.data(), taps.data(), divisor.data()};
  }
};

// As in lib/ops/pool.ts: taps outside the input are left out; with `padded` they count for the
// divisor.
inline void Resolve(Axis* a, bool padded) {
  const long in = static_cast<long>(a->in), dilation = static_cast<long>(a->dilation);
  const long reach = static_cast<long>(a->kernel - 1) * dilation;
  for (size_t o = 0;; ++o) {
    const long origin = static_cast<long>(o * a->stride) - static_cast<long>(a->pad_begin);
    if (origin + reach >= in + static_cast<long>(a->pad_end)) break;
    int32_t start = 0, taps = 0, all = 0;
    for (size_t k = 0; k < a->kernel; ++k) {
      const long i = origin + static_cast<long>(k) * dilation;
      ++all;
      if (i < 0 || i >= in) continue;
      if (taps++ == 0) start = static_cast<int32_t>(i);
    }
    a->start.push_back(start);
    a->taps.push_back(taps);
    a->divisor.push_back(padded ? all : taps);
  }
}

// Windows over that many inputs.
inline Axis DrawAxis(Random& random, size_t in, bool padded) {
  Axis a = {in, random.Between(1, random.Chance(70) ? 3 : 7), random.Between(1, 3), 1, 0, 0, {}, {},
            {}};
  a.dilation = random.Chance(80) ? 1 : random.Between(2, 3);
  a.pad_begin = random.Below(a.kernel);
  a.pad_end = random.Below(a.kernel);
  Resolve(&a, padded);
  return a;
}

inline Axis RandomAxis(Random& random, bool used, size_t most, bool padded) {
  if (used) return DrawAxis(random, random.Between(1, most), padded);
  Axis a = {1, 1, 1, 1, 0, 0, {}, {}, {}};
  Resolve(&a, padded);
  return a;
}

}  // namespace convfuse::test
