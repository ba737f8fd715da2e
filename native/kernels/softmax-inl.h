// Softmax of rows that lie along vectors, of rows that are lanes of vectors, and of rows shorter
// than a vector.  Contract in softmax.h.
#pragma once
#include "kernels/doubles-inl.h"
#include "kernels/math-inl.h"
#include "kernels/softmax.h"

namespace convfuse::CONVFUSE_ISA {
namespace {

// exp(x - best), x <= best.  The rounding error of the difference is taken in again (Knuth's
// two-sum): at x - best = -80 it is as much as 40 units in the last place of the result.
CONVFUSE_INLINE V ExpBelow(V x, V best) {
  const V d = x - best, part = d - x;
  const V lost = (x - (d - part)) - (best + part);
  const Vi far = d < -105.0f;  // infinity too, whose error is NaN
  Reduced y = ReduceByLog2(AtLeast(d, Splat(-105.0f)));
  y.r += Select(far, V{}, lost);
  return ScaleDown(ExpReduced(y.r), y.n);
}

// log(sum), sum >= 1 or NaN: sum = 2^k (1 + e).
struct Sums {
  Vd low, high;
};
Sums LogOf(const Sums& of) {
  typedef int64_t AliasingInt __attribute__((may_alias));
  double sums[kLanes], logs[kLanes];
  Store(sums, of.low);
  Store(sums + kDoubles, of.high);
  V rest;
  for (size_t lane = 0; lane < kLanes; ++lane) {
    const int64_t bits = *reinterpret_cast<const AliasingInt*>(&sums[lane]);
    double m = 1;
    *reinterpret_cast<AliasingInt*>(&m) |= bits & 0xfffffffffffff;
    rest[lane] = static_cast<float>(m - 1);
    logs[lane] = static_cast<double>((bits >> 52) - 1023) * 0x1.62e42fefa39efp-1;
  }
  const V log = Log1p(rest);
  // sum - sum is 0, or NaN for a NaN, which the bits above no longer show.
  for (size_t lane = 0; lane < kLanes; ++lane)
    logs[lane] += static_cast<double>(log[lane]) + (sums[lane] - sums[lane]);
  return {Load(logs), Load(logs + kDoubles)};
}

// `count` vectors, `step` floats apart.  With `one` they are one row, of which the last vector has
// `last` elements; else each of the first `last` lanes is a row of its own.
struct SoftmaxVectors {
  bool log, one;
  size_t count, step, last;
};

// body(vector, store) for each vector at x; lanes without an element are -infinity.
template <class Body>
CONVFUSE_INLINE void ForEachVector(const SoftmaxVectors& s, const float* x, float* y,
                                   const Body& body) {
  const size_t whole = s.last == kLanes ? s.count : s.one ? s.count - 1 : 0;
  size_t i = 0;
  for (; i < whole; ++i) {
    float* to = y + i * s.step;
    body(Load(x + i * s.step), [to](V v) { Store(to, v); });
  }
  for (; i < s.count; ++i) {
    float* to = y + i * s.step;
    body(LoadN(x + i * s.step, s.last, Splat(-__builtin_inff())),
         [to, &s](V v) { StoreN(to, v, s.last); });
  }
}

V BestOf(const SoftmaxVectors& s, const float* x) {
  V best = Splat(-__builtin_inff());
  ForEachVector(s, x, nullptr, [&](V v, const auto&) { best = AtLeast(best, v); });
  return s.one ? OverLanes<kLanes>(best, [](V a, V b) { return AtLeast(a, b); }) : best;
}

Sums ExpAndSum(const SoftmaxVectors& s, const float* x, float* y, V best) {
  Vd low = {}, high = {};
  ForEachVector(s, x, y, [&](V v, const auto& store) {
    const V e = ExpBelow(v, best);
    low += LowerDoubles(e);
    high += UpperDoubles(e);
    if (!s.log) store(e);
  });
  if (s.one) low = high = OverLanes<kDoubles>(low + high, [](Vd a, Vd b) { return a + b; });
  return {low, high};
}

void Finish(const SoftmaxVectors& s, const float* x, float* y, V best, const Sums& sums) {
  if (!s.log) {
    const V factor = s.one ? Splat(static_cast<float>(1 / sums.low[0]))
                           : ToFloat(1.0 / sums.low, 1.0 / sums.high);
    return ForEachVector(s, y, y, [&](V v, const auto& store) { store(v * factor); });
  }
  const Sums log = LogOf(sums);
  const Vd low = LowerDoubles(best), high = UpperDoubles(best);
  ForEachVector(s, x, y, [&](V v, const auto& store) {
    store(ToFloat(LowerDoubles(v) - low - log.low, UpperDoubles(v) - high - log.high));
  });
}

// `rows` times what s describes, `next` floats apart.  Each step needs the result of the whole step
// before it, so that a few rows that fit into the level 1 cache take each step together.
void SoftmaxOf(const SoftmaxVectors& s, size_t rows, size_t next, const float* x, float* y) {
  constexpr size_t kFew = 8, kVectors = 12288 / sizeof(V);
  V best[kFew];
  Sums sums[kFew];
  const size_t most = s.count < kVectors ? kVectors / s.count : 1;
  const size_t fit = most < kFew ? most : kFew;
  while (rows > 0) {
    const size_t few = rows < fit ? rows : fit;
    for (size_t r = 0; r < few; ++r) best[r] = BestOf(s, x + r * next);
    for (size_t r = 0; r < few; ++r) sums[r] = ExpAndSum(s, x + r * next, y + r * next, best[r]);
    for (size_t r = 0; r < few; ++r) Finish(s, x + r * next, y + r * next, best[r], sums[r]);
    rows -= few, x += few * next, y += few * next;
  }
}

// n rows of at most half a vector, next to each other: transposed, a vector has one of each.
void SoftmaxShort(const SoftmaxRows& s, const float* x, float* y, size_t n) {
  float block[kLanes * kLanes / 2] = {};
  for (size_t row = 0; row < n; ++row)
    for (size_t i = 0; i < s.size; ++i) block[i * kLanes + row] = x[row * s.size + i];
  SoftmaxOf({s.log, false, s.size, kLanes, kLanes}, 1, 0, block, block);
  for (size_t row = 0; row < n; ++row)
    for (size_t i = 0; i < s.size; ++i) y[row * s.size + i] = block[i * kLanes + row];
}

void Softmax(const SoftmaxRows& s) {
  const auto group = [&](size_t i) { return s.rows - i < kLanes ? s.rows - i : kLanes; };
  if (s.step != 1) {
    const size_t whole = s.rows / kLanes, rest = s.rows % kLanes, done = whole * kLanes;
    SoftmaxOf({s.log, false, s.size, s.step, kLanes}, whole, kLanes, s.x, s.y);
    SoftmaxOf({s.log, false, s.size, s.step, rest}, rest > 0, 0, s.x + done, s.y + done);
  } else if (s.size <= kLanes / 2) {
    for (size_t i = 0; i < s.rows; i += kLanes)
      SoftmaxShort(s, s.x + i * s.size, s.y + i * s.size, group(i));
  } else {
    const size_t count = (s.size + kLanes - 1) / kLanes, last = s.size - (count - 1) * kLanes;
    SoftmaxOf({s.log, true, count, kLanes, last}, s.rows, s.size, s.x, s.y);
  }
}

}  // namespace
}  // namespace convfuse::CONVFUSE_ISA
