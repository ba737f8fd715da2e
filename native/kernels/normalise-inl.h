// Normalisation of rows, and their sums.  Contract in normalise.h.
#pragma once
#include "kernels/normalise.h"
#include "kernels/simd.h"

namespace convfuse::CONVFUSE_ISA {
namespace {

CONVFUSE_INLINE double SumOfLanes(Vd v) {
  double sum = 0;
  for (size_t lane = 0; lane < kLanes; ++lane) sum += v[lane];
  return sum;
}

// Sum over n elements of term(element): of a vector of doubles, or of one.
template <class Term>
CONVFUSE_INLINE double SumOf(const float* x, size_t n, const Term& term) {
  Vd sums[2] = {};
  size_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    sums[0] += term(ToDouble(Load(x + i)));
    sums[1] += term(ToDouble(Load(x + i + kLanes)));
  }
  double sum = SumOfLanes(sums[0] + sums[1]);
  for (; i < n; ++i) sum += term(static_cast<double>(x[i]));
  return sum;
}

double Sum(const float* x, size_t n) {
  return SumOf(x, n, [](auto v) { return v; });
}

// Mean and variance of n elements: part by part, each from the level 1 cache, and put together with
// the formula of Chan, Golub and LeVeque (1983), in which nothing cancels.
struct Moments {
  double mean, variance;
};
Moments MomentsOf(const float* x, size_t n) {
  constexpr size_t kPart = 4096;  // 16 KB
  double mean = 0, squares = 0, count = 0;
  for (size_t at = 0; at < n; at += kPart) {
    const size_t size = n - at < kPart ? n - at : kPart;
    const double part = static_cast<double>(size), middle = Sum(x + at, size) / part;
    squares += SumOf(x + at, size, [middle](auto v) { return (v - middle) * (v - middle); });
    const double all = count + part, apart = middle - mean;
    squares += apart * apart * (count * part / all);
    mean += apart * (part / all);
    count = all;
  }
  return {mean, squares / count};
}

// y = (x - mean) * factor + shift.
void ShiftRun(const float* x, float* y, size_t n, double mean, double factor, double shift) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    Store(y + i, ToFloat((ToDouble(Load(x + i)) - mean) * factor + shift));
  for (; i < n; ++i) y[i] = static_cast<float>((static_cast<double>(x[i]) - mean) * factor + shift);
}

// The same with factors inverse * scale[i] and shifts bias[i].
void ShiftEach(const NormaliseRows& p, const float* x, float* y, double mean, double inverse) {
  size_t i = 0;
  for (; i + kLanes <= p.parts; i += kLanes) {
    const Vd normal = (ToDouble(Load(x + i)) - mean) * inverse;
    Store(y + i, ToFloat(normal * ToDouble(Load(p.scale + i)) + ToDouble(Load(p.bias + i))));
  }
  for (; i < p.parts; ++i) {
    const double normal = (static_cast<double>(x[i]) - mean) * inverse;
    y[i] = static_cast<float>(normal * static_cast<double>(p.scale[i]) +
                              static_cast<double>(p.bias[i]));
  }
}

void Normalise(const NormaliseRows& p) {
  const size_t size = p.parts * p.plane;
  for (size_t row = 0; row < p.rows; ++row) {
    const float* x = p.x + row * size;
    float* y = p.y + row * size;
    const Moments moments = MomentsOf(x, size);
    const double inverse = 1 / __builtin_sqrt(moments.variance + p.epsilon);
    if (p.plane == 1 && p.channels == p.parts) {
      ShiftEach(p, x, y, moments.mean, inverse);
      continue;
    }
    for (size_t k = 0; k < p.parts; ++k) {
      const size_t c = ((p.first + row) * p.parts + k) % p.channels;
      ShiftRun(x + k * p.plane, y + k * p.plane, p.plane, moments.mean,
               static_cast<double>(p.scale[c]) * inverse, static_cast<double>(p.bias[c]));
    }
  }
}

void SumEachRow(const SumRows& p) {
  for (size_t row = 0; row < p.rows; ++row)
    p.y[row] = static_cast<float>(Sum(p.x + row * p.size, p.size) / p.divisor);
}

}  // namespace
}  // namespace convfuse::CONVFUSE_ISA
