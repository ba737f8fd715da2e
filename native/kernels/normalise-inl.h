// Normalisation of rows, and their sums.  Contract in normalise.h.
#pragma once
#include "kernels/doubles-inl.h"
#include "kernels/normalise.h"

namespace convfuse::CONVFUSE_ISA {
namespace {

CONVFUSE_INLINE double SumOfLanes(Vd v) {
  return OverLanes<kDoubles>(v, [](Vd a, Vd b) { return a + b; })[0];
}

// Four variables rather than an array, which GCC keeps in memory.
double Sum(const float* x, size_t n) {
  Vd a = {}, b = {}, c = {}, d = {};
  size_t i = 0;
  for (; i + 4 * kDoubles <= n; i += 4 * kDoubles) {
    a += LoadDoubles(x + i);
    b += LoadDoubles(x + i + kDoubles);
    c += LoadDoubles(x + i + 2 * kDoubles);
    d += LoadDoubles(x + i + 3 * kDoubles);
  }
  for (; i + kDoubles <= n; i += kDoubles) a += LoadDoubles(x + i);
  if (i < n) b += LowerDoubles(LoadN(x + i, n - i));
  return SumOfLanes((a + b) + (c + d));
}

// The mean of n elements, and the sum of their squared deviations from it.
struct Moments {
  double mean, squares;
};

// Both in one pass, as moments about the first element.  A second pass, about the mean, follows
// where the mean is so far from that element that more than six bits would cancel.
Moments MomentsOfPart(const float* x, size_t n) {
  double about = static_cast<double>(x[0]);
  for (bool again = false;; again = true) {
    Vd sum1 = {}, sum2 = {}, squares1 = {}, squares2 = {};
    const auto add = [](Vd d, Vd& sum, Vd& squares) {
      sum += d;
      squares += d * d;
    };
    size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      add(LoadDoubles(x + i) - about, sum1, squares1);
      add(LoadDoubles(x + i + kDoubles) - about, sum2, squares2);
    }
    if (i + kDoubles <= n) add(LoadDoubles(x + i) - about, sum1, squares1), i += kDoubles;
    if (i < n)
      add(FirstOf(LowerDoubles(LoadN(x + i, n - i)) - about, n - i), sum2, squares2);
    const double sum = SumOfLanes(sum1 + sum2);
    const double mean = sum / static_cast<double>(n), apart = sum * mean;
    const double left = SumOfLanes(squares1 + squares2) - apart;
    if (again || !(apart > 64 * left)) return {about + mean, left};
    about += mean;
  }
}

// The moments of any number of elements: of parts that fit into the level 1 cache, put together
// with the formula of Chan, Golub and LeVeque (1983), in which nothing cancels.
Moments MomentsOf(const float* x, size_t n) {
  constexpr size_t kPart = 4096;  // 16 KB
  if (n <= kPart) return MomentsOfPart(x, n);
  Moments all = {};
  double count = 0;
  for (size_t at = 0; at < n; at += kPart) {
    const size_t size = n - at < kPart ? n - at : kPart;
    const Moments part = MomentsOfPart(x + at, size);
    const double more = static_cast<double>(size), apart = part.mean - all.mean;
    all.squares += part.squares + apart * apart * (count * more / (count + more));
    all.mean += apart * (more / (count + more));
    count += more;
  }
  return all;
}

// (x - mean) * factor.
struct Normal {
  double mean, factor;
};
Normal NormalOf(const NormaliseRows& p, const float* x, size_t size) {
  const Moments m = MomentsOf(x, size);
  return {m.mean, 1 / __builtin_sqrt(m.squares / static_cast<double>(size) + p.epsilon)};
}

// y = (x - mean) * factor + shift.
void ShiftRun(const float* x, float* y, size_t n, Normal normal, double shift) {
  const auto of = [&](Vd v) { return (v - normal.mean) * normal.factor + shift; };
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    Store(y + i, ToFloat(of(LoadDoubles(x + i)), of(LoadDoubles(x + i + kDoubles))));
  if (i == n) return;
  const V last = LoadN(x + i, n - i);
  StoreN(y + i, ToFloat(of(LowerDoubles(last)), of(UpperDoubles(last))), n - i);
}

// kRows rows in which every element has a scale and a bias of its own: each of these is converted
// to double once for all rows.
template <size_t kRows>
void ShiftEach(const NormaliseRows& p, const float* x, float* y) {
  const size_t n = p.parts;
  Normal normal[kRows];
  for (size_t r = 0; r < kRows; ++r) normal[r] = NormalOf(p, x + r * n, n);
  const auto of = [&](size_t r, Vd v, Vd scale, Vd bias) {
    return (v - normal[r].mean) * normal[r].factor * scale + bias;
  };
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Vd scale[] = {LoadDoubles(p.scale + i), LoadDoubles(p.scale + i + kDoubles)};
    const Vd bias[] = {LoadDoubles(p.bias + i), LoadDoubles(p.bias + i + kDoubles)};
    for (size_t r = 0; r < kRows; ++r) {
      const float* from = x + r * n + i;
      Store(y + r * n + i, ToFloat(of(r, LoadDoubles(from), scale[0], bias[0]),
                                   of(r, LoadDoubles(from + kDoubles), scale[1], bias[1])));
    }
  }
  if (i == n) return;
  const V scale = LoadN(p.scale + i, n - i), bias = LoadN(p.bias + i, n - i);
  for (size_t r = 0; r < kRows; ++r) {
    const V last = LoadN(x + r * n + i, n - i);
    StoreN(y + r * n + i,
           ToFloat(of(r, LowerDoubles(last), LowerDoubles(scale), LowerDoubles(bias)),
                   of(r, UpperDoubles(last), UpperDoubles(scale), UpperDoubles(bias))),
           n - i);
  }
}

void Normalise(const NormaliseRows& p) {
  const size_t size = p.parts * p.plane;
  const bool each = p.plane == 1 && p.channels == p.parts;
  for (size_t row = 0; row < p.rows;) {
    const float* x = p.x + row * size;
    float* y = p.y + row * size;
    if (each) {
      const bool four = p.rows - row >= 4;
      four ? ShiftEach<4>(p, x, y) : ShiftEach<1>(p, x, y);
      row += four ? 4 : 1;
      continue;
    }
    const Normal normal = NormalOf(p, x, size);
    for (size_t k = 0; k < p.parts; ++k) {
      const size_t c = ((p.first + row) * p.parts + k) % p.channels;
      ShiftRun(x + k * p.plane, y + k * p.plane, p.plane,
               {normal.mean, normal.factor * static_cast<double>(p.scale[c])},
               static_cast<double>(p.bias[c]));
    }
    ++row;
  }
}

void SumEachRow(const SumRows& p) {
  for (size_t row = 0; row < p.rows; ++row)
    p.y[row] = static_cast<float>(Sum(p.x + row * p.size, p.size) / p.divisor);
}

}  // namespace
}  // namespace convfuse::CONVFUSE_ISA
