// Activations on vectors: Activate<kind>(x, alpha, beta), formulas in activation.h.
//
// Contract.  NaN passes through.  Negative zero stays where the formula keeps it: relu(-0) = -0.
// Kinds of the form x * g(x) give NaN at -infinity, as -infinity * 0 does in the formula itself;
// all others give their limits.  No flush to zero is assumed: subnormal results are rounded once.
// The kind is a template argument: choose it outside the loop over vectors (WithActivationKind).
// Error of each kind: docs/numerics.md, enforced by activation_test.cc for every ISA.
#pragma once
#include "kernels/activation.h"
#include "kernels/math-inl.h"

namespace convfuse::CONVFUSE_ISA {

// Silu and GeluTanh divide by 1 + exp(-x) for either sign of x: the sum is as accurate where
// exp(-x) is large as where it is small.  Past 2^64 the rest of its power of two is applied after
// the division, so that a subnormal result is rounded once.

// Lowest x of Silu and Mish: 132.4 / log(2) = 191.01 = 64 + 127.01, and PowerOfDifference(-127),
// the rest past 2^64, is 0.
constexpr float kExpLowest = -132.4f;

// factor / (1 + exp(y)) for -60 <= y <= 132.4.  At 132.4 it is factor * 0: NaN if that is infinite.
CONVFUSE_INLINE V OverExpPlusOne(V factor, const Reduced& y) {
  const Vi n = y.n < kZero + 64 ? y.n : SplatI(kZero + 64);
  return factor / (ExpReduced(y.r) * PowerOfTwo(n) + 1.0f) * PowerOfDifference(n - y.n);
}

// 1 / (2^-30 exp(-x) + 2^-30) * 2^-30: the factor keeps exp(-x) finite down to x = -105, so that
// one division serves the whole range.
CONVFUSE_INLINE V Sigmoid(V x) {
  const V y = AtMost(AtLeast(x, Splat(-105.0f)), Splat(60.0f));
  const Reduced e = ReduceByLog2(-y, -30);
  return 1.0f / (ExpReduced(e.r) * PowerOfTwo(e.n) + 0x1p-30f) * 0x1p-30f;
}

CONVFUSE_INLINE V Silu(V x) {
  const V y = AtMost(AtLeast(x, Splat(kExpLowest)), Splat(60.0f));
  return OverExpPlusOne(x, ReduceByLog2(-y));
}

// The same bits for |x| <= kSiluMiddle, where neither limits nor powers of two are reached: in four
// fifths of the operations.
constexpr float kSiluMiddle = 44;  // n of exp(44) is 63
CONVFUSE_INLINE V SiluInMiddle(V x) {
  const Reduced y = ReduceByLog2(-x);
  return x / (ExpReduced(y.r) * PowerOfTwo(y.n) + 1.0f);
}

// tanh(|x|) = E / (E + 2) with E = exp(2 |x|) - 1; 1 from 10 on.
CONVFUSE_INLINE V Tanh(V x) {
  const V a = AtMost(Absolute(x), Splat(10.0f));
  const V t = Expm1(a + a);
  return WithSign(t / (t + 2.0f), x);
}

// x P(N(0, 1) < x) = max(x, 0) - |x| P(N(0, 1) < -|x|).  max(x, 0) is written as x - min(x, 0),
// which is NaN at -infinity.  The square in exp(-x^2 / 2) is two floats: the exponential would
// multiply its rounding error by the size of the square.
CONVFUSE_INLINE V Gelu(V x) {
  const V a = AtMost(Absolute(x), Splat(15.5f));
  const Product square = Multiply(a, a * -0.5f);
  Reduced y = ReduceByLog2(square.high);
  y.r += square.low;
  const Quotient tail = ScaledNormalTail(a);
  const V times = tail.above * ExpReduced(y.r) / tail.below * a;
  const V positive = x - AtMost(V{}, x);  // AtMost(+0, -0) is +0, so that -0 stays -0
  return positive - ScaleDown(times, y.n);
}

// x sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3), because (1 + tanh(u)) / 2 = sigmoid(2 u).
// 2 u is two floats, for the same reason as the square in Gelu; -2 u is 132.4 at the lower limit.
CONVFUSE_INLINE V GeluTanh(V x) {
  constexpr double kLinear = 0x1.988453353b3efp0, kCubic = kLinear * 0.044715;
  constexpr float kLinear1 = 0x1.988p0f, kLinear2 = static_cast<float>(kLinear - 0x1.988p0);
  constexpr float kCubic1 = static_cast<float>(kCubic);
  constexpr float kCubic2 = static_cast<float>(kCubic - static_cast<double>(kCubic1));
  const V a = AtMost(AtLeast(x, Splat(-11.685f)), Splat(8.0f));
  const Product square = Multiply(a, a), cubic = Multiply(square.high, Splat(kCubic1));
  // kLinear1 has 12 bits, so that factor - kLinear1 is exact, and with it the rounding error
  // `lost`.
  const V factor = cubic.high + kLinear1;
  const V lost = (cubic.high - (factor - kLinear1)) + cubic.low + kLinear2 +
                 square.high * kCubic2 + square.low * kCubic1;
  const Product y = Multiply(-a, factor);
  Reduced reduced = ReduceByLog2(y.high);
  reduced.r += y.low - a * lost;
  return OverExpPlusOne(x, reduced);
}

// tanh(log(1 + n)) = (n^2 + 2 n) / (n^2 + 2 n + 2) with n = exp(x).  No term is ever negative.
// From x = 30 on the quotient is 1; at the lower limit it is 0, so that -infinity gives NaN.
CONVFUSE_INLINE V Mish(V x) {
  const V y = AtMost(AtLeast(x, Splat(kExpLowest)), Splat(30.0f));
  const Reduced reduced = ReduceByLog2(y);
  const Vi n = reduced.n > kZero - 64 ? reduced.n : SplatI(kZero - 64);
  const V e = ExpReduced(reduced.r) * PowerOfTwo(n), w = e * (e + 2.0f);
  return w / (w + 2.0f) * x * PowerOfDifference(reduced.n - n);
}

CONVFUSE_INLINE V Softplus(V x) {
  const V y = AtLeast(-Absolute(x), Splat(-105.0f));
  const Reduced e = ReduceByLog2(y);
  return AtLeast(x, V{}) + Log1p(ScaleDown(ExpReduced(e.r), e.n));
}

template <ActivationKind kKind>
CONVFUSE_INLINE V Activate(V x, V alpha, V beta) {
  const V zero = {}, one = Splat(1.0f);
  if constexpr (kKind == ActivationKind::kRelu) {
    return AtLeast(x, zero);
  } else if constexpr (kKind == ActivationKind::kLeakyRelu || kKind == ActivationKind::kPrelu) {
    return Select(x < zero, x * alpha, x);
  } else if constexpr (kKind == ActivationKind::kRelu6) {
    return AtMost(AtLeast(x, zero), Splat(6.0f));
  } else if constexpr (kKind == ActivationKind::kClip) {
    return AtMost(AtLeast(x, alpha), beta);
  } else if constexpr (kKind == ActivationKind::kSigmoid) {
    return Sigmoid(x);
  } else if constexpr (kKind == ActivationKind::kSilu) {
    return Silu(x);
  } else if constexpr (kKind == ActivationKind::kHardSwish) {
    // (x + 3) / 6 rather than x / 6 + 1 / 2: the sum is then exact where it is small.
    return x * (AtMost(AtLeast(x + 3.0f, zero), Splat(6.0f)) * (1.0f / 6.0f));
  } else if constexpr (kKind == ActivationKind::kHardSigmoid) {
    return AtLeast(AtMost(x * alpha + beta, one), zero);
  } else if constexpr (kKind == ActivationKind::kTanh) {
    return Tanh(x);
  } else if constexpr (kKind == ActivationKind::kGelu) {
    return Gelu(x);
  } else if constexpr (kKind == ActivationKind::kGeluTanh) {
    return GeluTanh(x);
  } else if constexpr (kKind == ActivationKind::kMish) {
    return Mish(x);
  } else if constexpr (kKind == ActivationKind::kElu) {
    // exp(x) - 1 rounds to -1 from x = -17.4 down, so that the limit of -20 changes nothing.
    return Select(x < zero, alpha * Expm1(AtMost(AtLeast(x, Splat(-20.0f)), zero)), x);
  } else if constexpr (kKind == ActivationKind::kSoftplus) {
    return Softplus(x);
  } else {
    return x;
  }
}

template <ActivationKind kKind>
struct KindTag {
  static constexpr ActivationKind kValue = kKind;
};

// body(KindTag<kind>{}) with the kind as a constant.  Every use compiles `body` once per kind: use
// it around a loop, not in a micro-kernel with many variants.
template <typename Body>
CONVFUSE_INLINE void WithActivationKind(ActivationKind kind, const Body& body) {
  switch (kind) {
    case ActivationKind::kRelu: return body(KindTag<ActivationKind::kRelu>{});
    case ActivationKind::kLeakyRelu: return body(KindTag<ActivationKind::kLeakyRelu>{});
    case ActivationKind::kPrelu: return body(KindTag<ActivationKind::kPrelu>{});
    case ActivationKind::kRelu6: return body(KindTag<ActivationKind::kRelu6>{});
    case ActivationKind::kClip: return body(KindTag<ActivationKind::kClip>{});
    case ActivationKind::kSigmoid: return body(KindTag<ActivationKind::kSigmoid>{});
    case ActivationKind::kSilu: return body(KindTag<ActivationKind::kSilu>{});
    case ActivationKind::kHardSwish: return body(KindTag<ActivationKind::kHardSwish>{});
    case ActivationKind::kHardSigmoid: return body(KindTag<ActivationKind::kHardSigmoid>{});
    case ActivationKind::kTanh: return body(KindTag<ActivationKind::kTanh>{});
    case ActivationKind::kGelu: return body(KindTag<ActivationKind::kGelu>{});
    case ActivationKind::kGeluTanh: return body(KindTag<ActivationKind::kGeluTanh>{});
    case ActivationKind::kMish: return body(KindTag<ActivationKind::kMish>{});
    case ActivationKind::kElu: return body(KindTag<ActivationKind::kElu>{});
    case ActivationKind::kSoftplus: return body(KindTag<ActivationKind::kSoftplus>{});
    case ActivationKind::kIdentity:
    case ActivationKind::kCount: return body(KindTag<ActivationKind::kIdentity>{});
  }
}

// Whether a function takes many more instructions than a tail (scale, shift, limits).  Its tail is
// then a second pass over the row, which most activations do without.
constexpr bool IsCurved(ActivationKind kind) {
  using K = ActivationKind;
  return kind == K::kSigmoid || kind == K::kSilu || kind == K::kTanh || kind == K::kGelu ||
         kind == K::kGeluTanh || kind == K::kMish || kind == K::kElu || kind == K::kSoftplus;
}

// Whether the activation has no tail, not even one that would turn -0 into +0.
static bool EndsInFunction(const Activation& a) {
  const Activation plain;
  return a.scale == plain.scale && a.shift == 0 && __builtin_signbit(a.shift) &&
         a.low == plain.low && a.high == plain.high;
}

// Silu of x[i], i < n, in runs of vectors as long as there are any; returns how many were computed.
// Few values ever lie outside the middle.
CONVFUSE_INLINE size_t SiluRuns(size_t n, float* x) {
  constexpr size_t kRun = 4;
  size_t i = 0;
  for (; i + kRun * kLanes <= n; i += kRun * kLanes) {
    V v[kRun], largest = {};
#pragma GCC unroll 4
    for (size_t k = 0; k < kRun; ++k) {
      v[k] = Load(x + i + k * kLanes);
      largest = AtLeast(largest, Absolute(v[k]));
    }
    if (AnyLane(largest > Splat(kSiluMiddle))) {
      for (size_t k = 0; k < kRun; ++k) Store(x + i + k * kLanes, Silu(v[k]));
    } else {
#pragma GCC unroll 4
      for (size_t k = 0; k < kRun; ++k) Store(x + i + k * kLanes, SiluInMiddle(v[k]));
    }
  }
  return i;
}

// x[i] = activation(x[i]) for i < n, all of one channel.
static void ActivateRow(const Activation& activation, size_t channel, size_t n, float* x) {
  const bool sloped = activation.kind == ActivationKind::kPrelu;
  const V a = Splat(sloped ? activation.slope[activation.slopes == 1 ? 0 : channel]
                           : activation.alpha);
  const V b = Splat(activation.beta);
  const V scale = Splat(activation.scale), shift = Splat(activation.shift);
  const V low = Splat(activation.low), high = Splat(activation.high);
  const auto run = [&](auto tag) {
    const auto apply = [&](V v) {
      const V y = Activate<tag.kValue>(v, a, b);
      if constexpr (IsCurved(tag.kValue)) return y;
      else return AtMost(AtLeast(y * scale + shift, low), high);
    };
    size_t i = 0;
    if constexpr (tag.kValue == ActivationKind::kSilu) i = SiluRuns(n, x);
    for (; i + kLanes <= n; i += kLanes) Store(x + i, apply(Load(x + i)));
    if (i < n) StoreN(x + i, apply(LoadN(x + i, n - i)), n - i);
  };
  WithActivationKind(activation.kind, run);
  if (IsCurved(activation.kind) && !EndsInFunction(activation))
    run(KindTag<ActivationKind::kIdentity>{});
}

}  // namespace convfuse::CONVFUSE_ISA
