// Stored numbers to doubles, exactly, and back with one rounding (to nearest, ties to even), a
// vector of doubles at a time.  IEEE 754-2019, section 3; bfloat16 is the upper half of binary32.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "kernels/simd.h"

namespace convfuse::CONVFUSE_ISA {
namespace {

// A vector of doubles is one register.
constexpr size_t kWide = kLanes / 2;
typedef double D __attribute__((vector_size(kWide * 8)));
typedef uint64_t U64 __attribute__((vector_size(kWide * 8)));
typedef float F32 __attribute__((vector_size(kWide * 4)));
typedef uint16_t U16 __attribute__((vector_size(kWide * 2)));

CONVFUSE_INLINE U64 ToBits(D x) { return reinterpret_cast<U64>(x); }
CONVFUSE_INLINE D OfBits(U64 x) { return reinterpret_cast<D>(x); }
CONVFUSE_INLINE U64 SplatU(uint64_t x) { return x - U64{}; }
CONVFUSE_INLINE D SplatD(double x) { return x - D{}; }
CONVFUSE_INLINE D Abs(D x) { return OfBits(ToBits(x) & SplatU(~uint64_t{0} >> 1)); }

struct Float32 {
  using T = float;
  CONVFUSE_INLINE D Decode(const T* p) {
    F32 v;
    __builtin_memcpy(&v, p, sizeof v);
    return __builtin_convertvector(v, D);
  }
  // Stores, and returns what the stored numbers are worth.
  CONVFUSE_INLINE D Encode(D x, T* p) {
    const F32 v = __builtin_convertvector(x, F32);
    __builtin_memcpy(p, &v, sizeof v);
    return __builtin_convertvector(v, D);
  }
};

struct Float64 {
  using T = double;
  CONVFUSE_INLINE D Decode(const T* p) {
    D v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
  }
  CONVFUSE_INLINE D Encode(D x, T* p) {
    __builtin_memcpy(p, &x, sizeof x);
    return x;
  }
};

// 2^e as a double, for e of a normal number.
constexpr double PowerOfTwo(int e) {
  double x = 1;
  for (; e > 0; --e) x *= 2;
  for (; e < 0; ++e) x /= 2;
  return x;
}

// A 16-bit format.  All comparisons are of doubles, because SSE2 cannot compare 64-bit integers.
template <int kExponentBits, int kFractionBits>
struct Narrow {
  using T = uint16_t;
  static constexpr int kBias = (1 << (kExponentBits - 1)) - 1;
  static constexpr uint64_t kInfinity = ((uint64_t{1} << kExponentBits) - 1) << kFractionBits;
  static constexpr int kShift = 52 - kFractionBits;  // between the two fraction fields
  static constexpr uint64_t kRebias = uint64_t{1023 - kBias} << 52;
  static constexpr double kLeastNormal = PowerOfTwo(1 - kBias);
  static constexpr double kLeast = PowerOfTwo(1 - kBias - kFractionBits);
  static constexpr double kOverflow = PowerOfTwo(kBias + 1);

  CONVFUSE_INLINE D Decode(const T* p) {
    U16 stored;
    __builtin_memcpy(&stored, p, sizeof stored);
    const U64 bits = __builtin_convertvector(stored, U64);
    const U64 magnitude = bits & SplatU(0x7fff);
    // The magnitude as a whole number: 2^52 + n has n in its low bits.
    const D whole = OfBits(magnitude | SplatU(uint64_t{0x433} << 52)) - SplatD(PowerOfTwo(52));
    const U64 normal = (magnitude << kShift) + SplatU(kRebias);
    const U64 special = normal | SplatU(uint64_t{0x7ff} << 52);  // infinities and NaN
    const D finite = whole < SplatD(1 << kFractionBits) ? whole * SplatD(kLeast) : OfBits(normal);
    const D value = whole >= SplatD(kInfinity) ? OfBits(special) : finite;
    return OfBits(ToBits(value) | (bits & SplatU(0x8000)) << 48);
  }

  // Adding and subtracting 1.5 * 2^52 units in the last place of the target rounds to whole
  // units: the sum lies where doubles are one unit apart, and the 1.5 keeps ties even.
  CONVFUSE_INLINE D Encode(D x, T* p) {
    const D magnitude = Abs(x);
    D power = OfBits(ToBits(x) & SplatU(uint64_t{0x7ff} << 52));  // 2^exponent of x
    power = power < SplatD(kLeastNormal) ? SplatD(kLeastNormal) : power;
    power = power > SplatD(kOverflow) ? SplatD(kOverflow) : power;
    const D shifter = power * SplatD(1.5 * PowerOfTwo(kShift));
    const D rounded = (magnitude + shifter) - shifter;
    const D limited = rounded >= SplatD(kOverflow) ? SplatD(kOverflow) : rounded;

    const U64 normal = (ToBits(limited) >> kShift) - SplatU(kRebias >> kShift);
    const U64 subnormal = ToBits(limited + SplatD(kLeast * PowerOfTwo(52))) & SplatU(0x7fff);
    const U64 quiet = SplatU(kInfinity | uint64_t{1} << (kFractionBits - 1));
    const U64 finite = limited < SplatD(kLeastNormal) ? subnormal : normal;
    const U64 number = magnitude == magnitude ? finite : quiet;
    const U64 sign = ToBits(x) & SplatU(uint64_t{1} << 63);
    const U16 stored = __builtin_convertvector(number | sign >> 48, U16);
    __builtin_memcpy(p, &stored, sizeof stored);

    const D value = rounded >= SplatD(kOverflow) ? SplatD(__builtin_inf()) : rounded;
    return OfBits(ToBits(value) | sign);
  }
};

using Float16 = Narrow<5, 10>;
using Bfloat16 = Narrow<8, 7>;

}  // namespace
}  // namespace convfuse::CONVFUSE_ISA
