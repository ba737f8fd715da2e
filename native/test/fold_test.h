// The fold against a scalar reference that rounds by integers, and every ISA against every other,
// bit for bit.
#pragma once
#include <math.h>

#include <vector>

#include "kernels/table.h"
#include "test/tables.h"

namespace convfuse::test {

// A 16-bit format of the test's own: doubles are rounded by shifting their significand.
struct HalfFormat {
  int exponent_bits, fraction_bits;
  int Bias() const { return (1 << (exponent_bits - 1)) - 1; }

  double Decode(uint16_t bits) const {
    const int exponent = bits >> fraction_bits & ((1 << exponent_bits) - 1);
    const int fraction = bits & ((1 << fraction_bits) - 1);
    double value = ldexp(fraction + (exponent ? 1 << fraction_bits : 0),
                         (exponent ? exponent : 1) - Bias() - fraction_bits);
    if (exponent == (1 << exponent_bits) - 1) value = fraction ? NAN : INFINITY;
    return bits & 0x8000 ? -value : value;
  }

  uint16_t Encode(double x) const {
    const uint16_t sign = signbit(x) ? 0x8000 : 0;
    const uint16_t infinity = static_cast<uint16_t>(((1 << exponent_bits) - 1) << fraction_bits);
    if (isnan(x)) return sign | infinity | static_cast<uint16_t>(1 << (fraction_bits - 1));
    if (isinf(x)) return sign | infinity;
    int exponent = 0;
    frexp(x, &exponent);
    const int least = 1 - Bias() - fraction_bits;  // exponent of one unit in the last place
    int unit = exponent - 1 - fraction_bits;
    if (unit < least || x == 0) unit = least;
    const double scaled = ldexp(fabs(x), -unit);  // exact, or far below one half
    double whole = floor(scaled);
    if (scaled - whole > 0.5 || (scaled - whole == 0.5 && fmod(whole, 2) == 1)) whole += 1;
    const double bits = whole + ldexp(unit - least, fraction_bits);
    return sign | (bits >= infinity ? infinity : static_cast<uint16_t>(bits));
  }
};

template <class T>
struct Folded {
  std::vector<T> out;
  std::vector<double> loss, mass;
};

// The definition, as plain loops.
template <class T, class Decode, class Encode>
Folded<T> FoldReference(ScaleRowsShape s, const std::vector<T>& w, const std::vector<double>& scale,
                        Decode decode, Encode encode) {
  Folded<T> f{std::vector<T>(w.size()), {}, {}};
  for (size_t g = 0; g < s.groups; ++g)
    for (size_t r = 0; r < s.rows; ++r) {
      double loss[8] = {}, mass[8] = {};
      for (size_t o = 0; o < s.outer; ++o)
        for (size_t c = 0; c < s.cols; ++c) {
          const size_t at = ((g * s.outer + o) * s.rows + r) * s.cols + c;
          const double product = decode(w[at]) * scale[g * s.rows + r];
          f.out[at] = encode(product);
          loss[(o * s.cols + c) % 8] += fabs(decode(f.out[at]) - product);
          mass[(o * s.cols + c) % 8] += fabs(product);
        }
      for (int half = 4; half > 0; half /= 2)
        for (int i = 0; i < half; ++i) {
          loss[i] += loss[i + half];
          mass[i] += mass[i + half];
        }
      f.loss.push_back(loss[0]);
      f.mass.push_back(mass[0]);
    }
  return f;
}

// All NaN are alike here: their payload is not part of the contract.
template <class T>
bool SameBits(const T& a, const T& b) {
  return memcmp(&a, &b, sizeof a) == 0 || (a != a && b != b);
}

template <class T, class Kernel>
void CheckFold(const KernelTable& table, const char* type, Kernel kernel, ScaleRowsShape s,
               const std::vector<T>& w, const std::vector<double>& scale, const Folded<T>& want) {
  constexpr size_t kCanaries = 8;
  const size_t factors = s.groups * s.rows;
  std::vector<T> out(w.size() + kCanaries, T(77));
  std::vector<double> loss(factors + kCanaries, 77), mass(factors + kCanaries, 77);
  kernel(s, w.data(), scale.data(), out.data(), loss.data(), mass.data());
  const std::string name = std::string("fold ") + table.isa + " " + type + " [" +
                           std::to_string(s.groups) + ", " + std::to_string(s.outer) + ", " +
                           std::to_string(s.rows) + ", " + std::to_string(s.cols) + "]";
  for (size_t i = 0; i < w.size(); ++i)
    if (!SameBits(out[i], want.out[i]))
      return Fail(name + " element " + std::to_string(i) + " of " + std::to_string(double(w[i])));
  for (size_t i = 0; i < factors; ++i)
    if (!SameBits(loss[i], want.loss[i]) || !SameBits(mass[i], want.mass[i]))
      return Fail(name + " sums of factor " + std::to_string(i));
  for (size_t i = 0; i < kCanaries; ++i)
    if (out[w.size() + i] != T(77) || loss[factors + i] != 77 || mass[factors + i] != 77)
      return Fail(name + " wrote past its end");
}

inline void TestFoldShape(const Options& options, ScaleRowsShape s, Random& random,
                          bool special) {
  const size_t n = s.groups * s.outer * s.rows * s.cols;
  std::vector<double> scale, w64;
  std::vector<float> w32;
  std::vector<uint16_t> w16;
  for (size_t i = 0; i < s.groups * s.rows; ++i) scale.push_back(random.Real() * 3);
  if (special && !scale.empty()) scale[0] = INFINITY;
  for (size_t i = 0; i < n; ++i) {
    const double x = ldexp(random.Real(), static_cast<int>(random.Below(60)) - 40);
    w64.push_back(special && i % 5 == 0 ? 1e308 : x);
    w32.push_back(special && i % 7 == 0 ? 3e38f : static_cast<float>(x));
    w16.push_back(static_cast<uint16_t>(random.Next() >> 40));
  }
  const HalfFormat half{5, 10}, brain{8, 7};
  const auto wide = [](double x) { return x; };
  const auto f64 = FoldReference(s, w64, scale, wide, wide);
  const auto f32 = FoldReference(s, w32, scale, wide, [](double x) { return float(x); });
  const auto f16 = FoldReference(
      s, w16, scale, [&](uint16_t b) { return half.Decode(b); },
      [&](double x) { return half.Encode(x); });
  const auto bf16 = FoldReference(
      s, w16, scale, [&](uint16_t b) { return brain.Decode(b); },
      [&](double x) { return brain.Encode(x); });
  for (const KernelTable* table : TestedTables(options)) {
    CheckFold(*table, "f64", table->scale_rows_f64, s, w64, scale, f64);
    CheckFold(*table, "f32", table->scale_rows_f32, s, w32, scale, f32);
    CheckFold(*table, "f16", table->scale_rows_f16, s, w16, scale, f16);
    CheckFold(*table, "bf16", table->scale_rows_bf16, s, w16, scale, bf16);
  }
}

// Every 16-bit number times scales that reach ties, subnormals and overflow.
inline void TestFoldExhaustively(const Options& options, Random& random) {
  const ScaleRowsShape s = {1, 1, 1, 65536};
  std::vector<uint16_t> w(65536);
  for (size_t i = 0; i < w.size(); ++i) w[i] = static_cast<uint16_t>(i);
  const HalfFormat half{5, 10}, brain{8, 7};
  std::vector<double> scales = {1,           -1,      0.5,     1.5, 1 + 0x1p-11,
                                1 - 0x1p-12, 0x1p-14, 0x1p-24, 0,   3e4};
  for (int i = 0; i < 6; ++i) scales.push_back(ldexp(random.Real(), i * 6 - 20));
  for (double scale : scales) {
    const std::vector<double> one = {scale};
    const auto f16 = FoldReference(
        s, w, one, [&](uint16_t b) { return half.Decode(b); },
        [&](double x) { return half.Encode(x); });
    const auto bf16 = FoldReference(
        s, w, one, [&](uint16_t b) { return brain.Decode(b); },
        [&](double x) { return brain.Encode(x); });
    for (const KernelTable* table : TestedTables(options)) {
      CheckFold(*table, "all f16", table->scale_rows_f16, s, w, one, f16);
      CheckFold(*table, "all bf16", table->scale_rows_bf16, s, w, one, bf16);
    }
  }
}

inline void TestFold(const Options& options) {
  Random random(options.seed);
  for (size_t cols : {0, 1, 2, 3, 7, 8, 9, 16, 17, 49})
    for (size_t rows : {0, 1, 3, 8, 9, 17}) {
      TestFoldShape(options, {1, 1, rows, cols}, random, false);
      TestFoldShape(options, {2, 3, rows, cols}, random, rows == 3);
      TestFoldShape(options, {1, 11, rows, cols}, random, false);
    }
  TestFoldExhaustively(options, random);
}

}  // namespace convfuse::test
