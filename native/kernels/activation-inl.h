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

// numerator / (1 + exp(-|y|)) times exp(-|y|) where `negative`: a sigmoid that is accurate on both
// sides, and multiplied by `factor` before the result can become subnormal.
CONVFUSE_INLINE V TimesSigmoid(V factor, const ExpParts& e, Vi negative) {
  const V one = Splat(1.0f);
  const V numerator = factor * Select(negative, e.mantissa * e.scale1, one);
  return numerator / (Value(e) + 1.0f) * Select(negative, e.scale2, one);
}

// A result that stands for x * g(x), made NaN where x is -infinity.
CONVFUSE_INLINE V SpoilAtMinusInfinity(V result, V x) {
  return result + AtMost(x, V{}) * 0.0f;
}

CONVFUSE_INLINE V Sigmoid(V x) {
  const V y = AtLeast(-Absolute(x), Splat(kExpLowest));
  return TimesSigmoid(Splat(1.0f), Exp(y), x < 0.0f);
}

CONVFUSE_INLINE V Silu(V x) {
  const V low = AtLeast(x, Splat(kExpLowest));  // the product has long been zero there
  const V y = AtLeast(-Absolute(x), Splat(kExpLowest));
  return SpoilAtMinusInfinity(TimesSigmoid(low, Exp(y), x < 0.0f), x);
}

// tanh(|x|) = (1 - E) / (1 + E) with E = exp(-2 |x|).
CONVFUSE_INLINE V Tanh(V x) {
  const V a = Absolute(x);
  const V t = Expm1(-(a + a));
  return CopySign(t / (t + 2.0f), x);
}

// x P(N(0, 1) < x): the tail itself where x is negative, its complement elsewhere.  x^2 is exact in
// double.
CONVFUSE_INLINE V Gelu(V x) {
  const V a = AtMost(Absolute(x), Splat(15.5f));
  const Vd wide = ToDouble(a);
  const ExpParts e = Exp(wide * wide * -0.5);
  const V tail = ScaledNormalTail(a) * (e.mantissa * e.scale1);
  const V below = -a * tail * e.scale2;
  const V above = x * (1.0f - tail * e.scale2);
  return SpoilAtMinusInfinity(Select(x < 0.0f, below, above), x);
}

// x sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3), because (1 + tanh(u)) / 2 = sigmoid(2 u).
CONVFUSE_INLINE V GeluTanh(V x) {
  const V limit = Splat(11.4f);  // 2 u = 124
  const Vd wide = ToDouble(AtMost(Absolute(x), limit));
  const Vd y = wide * (wide * wide * -(0x1.988453353b3efp0 * 0.044715) - 0x1.988453353b3efp0);
  return SpoilAtMinusInfinity(TimesSigmoid(AtLeast(x, -limit), Exp(y), x < 0.0f), x);
}

// tanh(log(1 + n)) = (n^2 + 2 n) / (n^2 + 2 n + 2) with n = exp(x); for positive x both sides are
// divided by n^2.  No term is ever negative.
CONVFUSE_INLINE V Mish(V x) {
  const V y = AtLeast(-Absolute(x), Splat(kExpLowest));
  const ExpParts parts = Exp(y);
  const V e = Value(parts);
  const Vi negative = x < 0.0f;
  const V one = Splat(1.0f), two = Splat(2.0f);
  const V numerator = Select(negative, y * (parts.mantissa * parts.scale1) * (e + two),
                             x * (e + e + one));
  const V denominator = Select(negative, e * (e + two) + two, e * (e + e) + (e + e + one));
  return SpoilAtMinusInfinity(numerator / denominator * Select(negative, parts.scale2, one), x);
}

CONVFUSE_INLINE V Softplus(V x) {
  const V y = AtLeast(-Absolute(x), Splat(kExpLowest));
  return AtLeast(x, V{}) + Log1p(Value(Exp(y)));
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
    return Select(x < zero, alpha * Expm1(AtMost(x, zero)), x);
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

// x[i] = activation(x[i]) for i < n, all of one channel.
static void ActivateRow(const Activation& activation, size_t channel, size_t n, float* x) {
  const bool sloped = activation.kind == ActivationKind::kPrelu;
  const V a = Splat(sloped ? activation.slope[activation.slopes == 1 ? 0 : channel]
                           : activation.alpha);
  const V b = Splat(activation.beta);
  const V scale = Splat(activation.scale), shift = Splat(activation.shift);
  const V low = Splat(activation.low), high = Splat(activation.high);
  WithActivationKind(activation.kind, [&](auto tag) {
    const auto apply = [&](V v) {
      return AtMost(AtLeast(Activate<tag.kValue>(v, a, b) * scale + shift, low), high);
    };
    size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) Store(x + i, apply(Load(x + i)));
    if (i < n) StoreN(x + i, apply(LoadN(x + i, n - i)), n - i);
  });
}

}  // namespace convfuse::CONVFUSE_ISA
