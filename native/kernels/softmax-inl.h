// Softmax along vectors, across them, and of rows shorter than one.  Contract in softmax.h.
#pragma once
#include "kernels/math-inl.h"
#include "kernels/softmax.h"

namespace convfuse::CONVFUSE_ISA {
namespace {

// exp(x - best), x <= best.  The rounding error of the difference is taken in again (Knuth's
// two-sum): at x - best = -80 it is as much as 40 units in the last place of the result.
CONVFUSE_INLINE V ExpBelow(V x, V best) {
  const V d = x - best, part = d - x;
  const V lost = (x - (d - part)) - (best + part);
  const Vi far = d < kExpLowest;  // infinity too, whose error is NaN
  Reduced reduced = ReduceByLog2(Select(far, Splat(kExpLowest), d));
  reduced.r = reduced.r + Select(far, V{}, lost);
  return Value(ScaleExp(reduced.r, reduced.n));
}

// log(sum), sum >= 1 or NaN: sum = 2^k (1 + e).
double LogOfSum(double sum) {
  typedef int64_t AliasingInt __attribute__((may_alias));
  const int64_t bits = *reinterpret_cast<const AliasingInt*>(&sum);
  const double k = static_cast<double>((bits >> 52) - 1023);
  double m = 1;
  *reinterpret_cast<AliasingInt*>(&m) |= bits & 0xfffffffffffff;
  const double log = k * 0x1.62e42fefa39efp-1 + Log1p(Splat(static_cast<float>(m - 1)))[0];
  return log + (sum - sum);  // a NaN has lost itself in the bits
}

// The first n of a vector, and infinitely little past them; out of line, for there are few of them.
__attribute__((noinline)) V LoadFirst(const float* p, size_t n) {
  V v = Splat(-__builtin_inff());
  for (size_t i = 0; i < n; ++i) v[i] = p[i];
  return v;
}
__attribute__((noinline)) void StoreFirst(float* p, V v, size_t n) {
  for (size_t i = 0; i < n; ++i) p[i] = v[i];
}

// Vectors `step` apart, of `lanes` elements each but for the last: all of one row, or a row in each
// lane.
struct SoftmaxVectors {
  bool log, one;
  size_t count, step, lanes, last;
};

void SoftmaxOf(const SoftmaxVectors& s, const float* x, float* y) {
  const auto lanes = [&](size_t i) { return i + 1 < s.count ? s.lanes : s.last; };
  const auto load = [&](const float* from, size_t i) {
    const float* p = from + i * s.step;
    return lanes(i) == kLanes ? Load(p) : LoadFirst(p, lanes(i));
  };
  const auto store = [&](size_t i, V v) {
    float* p = y + i * s.step;
    lanes(i) == kLanes ? Store(p, v) : StoreFirst(p, v, lanes(i));
  };
  V best = Splat(-__builtin_inff());
  for (size_t i = 0; i < s.count; ++i) {
    const V v = load(x, i);
    best = Select(v > best, v, best);
  }
  if (s.one) {
    float most = best[0];
    for (size_t lane = 1; lane < kLanes; ++lane) most = best[lane] > most ? best[lane] : most;
    best = Splat(most);
  }
  Vd sum = {};
  for (size_t i = 0; i < s.count; ++i) {
    const V e = ExpBelow(load(x, i), best);
    sum += ToDouble(e);
    if (!s.log) store(i, e);
  }
  if (s.one) {
    double all = 0;
    for (size_t lane = 0; lane < kLanes; ++lane) all += sum[lane];
    sum = all - Vd{};
  }
  if (s.log) {
    Vd log = {};
    for (size_t lane = 0; lane < kLanes; ++lane) log[lane] = LogOfSum(sum[lane]);
    const Vd top = ToDouble(best);
    for (size_t i = 0; i < s.count; ++i) store(i, ToFloat(ToDouble(load(x, i)) - top - log));
  } else {
    const V factor = ToFloat(1.0 / sum);
    for (size_t i = 0; i < s.count; ++i) store(i, load(y, i) * factor);
  }
}

// n rows of at most kLanes elements, next to each other: transposed, a vector has one of each.
void SoftmaxShort(const SoftmaxRows& s, const float* x, float* y, size_t n) {
  float block[kLanes * kLanes] = {};
  for (size_t row = 0; row < n; ++row)
    for (size_t i = 0; i < s.size; ++i) block[i * kLanes + row] = x[row * s.size + i];
  SoftmaxOf({s.log, false, s.size, kLanes, kLanes, kLanes}, block, block);
  for (size_t row = 0; row < n; ++row)
    for (size_t i = 0; i < s.size; ++i) y[row * s.size + i] = block[i * kLanes + row];
}

void Softmax(const SoftmaxRows& s) {
  const auto group = [&](size_t i) { return s.rows - i < kLanes ? s.rows - i : kLanes; };
  if (s.step != 1) {
    for (size_t i = 0; i < s.rows; i += kLanes)
      SoftmaxOf({s.log, false, s.size, s.step, group(i), group(i)}, s.x + i, s.y + i);
  } else if (s.size <= kLanes) {
    for (size_t i = 0; i < s.rows; i += kLanes)
      SoftmaxShort(s, s.x + i * s.size, s.y + i * s.size, group(i));
  } else {
    const size_t count = (s.size + kLanes - 1) / kLanes, last = s.size - (count - 1) * kLanes;
    for (size_t i = 0; i < s.rows; ++i)
      SoftmaxOf({s.log, true, count, kLanes, kLanes, last}, s.x + i * s.size, s.y + i * s.size);
  }
}

}  // namespace
}  // namespace convfuse::CONVFUSE_ISA
