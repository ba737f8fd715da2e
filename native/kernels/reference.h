// The operations as plain loops in double: the oracle of the kernel tests.
#pragma once
#include <math.h>
#include <stddef.h>

#include <vector>

#include "ops/conv.h"

namespace convfuse::reference {

// Sums before the activation, and the sums of absolute values that error bounds scale with.
struct Sums {
  std::vector<double> value, mass;
};

// The input position that output o of axis a reads at tap k: false when it is none.
inline bool InputAt(const ConvGeometry& g, const ConvShape& s, int a, size_t o, size_t k,
                    size_t* i) {
  const long out = static_cast<long>(o), pad = static_cast<long>(s.pad_begin[a]);
  const long reach = static_cast<long>(k * g.dilation[a]), stride = static_cast<long>(g.stride[a]);
  long at;
  if (g.transposed) {
    if ((out + pad - reach) % stride != 0) return false;
    at = (out + pad - reach) / stride;
  } else {
    at = out * stride + reach - pad;
  }
  if (at < 0 || at >= static_cast<long>(s.in[a])) return false;
  *i = static_cast<size_t>(at);
  return true;
}

// conv(x) + bias + residual, with taps outside the input left out.
inline Sums Conv(const ConvGeometry& g, const ConvShape& s, const float* x, const float* weight,
                 const float* bias, const float* residual) {
  const size_t cg = g.channels_in / g.groups, mg = g.channels_out / g.groups;
  const size_t in = s.in[0] * s.in[1] * s.in[2], out = s.out[0] * s.out[1] * s.out[2];
  const size_t taps = g.kernel[0] * g.kernel[1] * g.kernel[2];
  Sums sums;
  sums.value.resize(s.batch * g.channels_out * out);
  sums.mass.resize(sums.value.size());
  for (size_t n = 0, at = 0; n < s.batch; ++n)
    for (size_t m = 0; m < g.channels_out; ++m)
      for (size_t o = 0; o < out; ++o, ++at) {
        double sum = bias ? bias[m] : 0;
        double mass = fabs(sum);
        const size_t oz = o / (s.out[1] * s.out[2]), oy = o / s.out[2] % s.out[1];
        const size_t ox = o % s.out[2];
        for (size_t t = 0; t < taps; ++t) {
          size_t z, y, i;
          if (!InputAt(g, s, 0, oz, t / (g.kernel[1] * g.kernel[2]), &z) ||
              !InputAt(g, s, 1, oy, t / g.kernel[2] % g.kernel[1], &y) ||
              !InputAt(g, s, 2, ox, t % g.kernel[2], &i))
            continue;
          for (size_t c = 0; c < cg; ++c) {
            const size_t w = g.transposed
                                 ? ((m / mg * cg + c) * mg + m % mg) * taps + t
                                 : (m * cg + c) * taps + t;
            const size_t from = (n * g.channels_in + m / mg * cg + c) * in;
            const double p = double{weight[w]} * double{x[from + (z * s.in[1] + y) * s.in[2] + i]};
            sum += p;
            mass += fabs(p);
          }
        }
        if (residual) {
          sum += residual[at];
          mass += fabs(double{residual[at]});
        }
        sums.value[at] = sum;
        sums.mass[at] = mass;
      }
  return sums;
}

inline double Sigmoid(double x) { return 1 / (1 + exp(-x)); }
inline double Softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }
// NaN in gives NaN out; high wins where low is above it.
inline double Clamp(double x, double low, double high) {
  const double raised = x < low ? low : x;
  return raised > high ? high : raised;
}

// The functions of activation.h, in double.
inline double ActivateKind(const Activation& a, size_t channel, double x) {
  switch (a.kind) {
    case ActivationKind::kRelu:
      return x < 0 ? 0 : x;
    case ActivationKind::kLeakyRelu:
      return x < 0 ? double{a.alpha} * x : x;
    case ActivationKind::kPrelu:
      return x < 0 ? double{a.slope[a.slopes == 1 ? 0 : channel]} * x : x;
    case ActivationKind::kRelu6:
      return Clamp(x, 0, 6);
    case ActivationKind::kClip:
      return Clamp(x, a.alpha, a.beta);
    case ActivationKind::kSigmoid:
      return Sigmoid(x);
    case ActivationKind::kSilu:
      return x * Sigmoid(x);
    case ActivationKind::kHardSwish:
      return x * Clamp((x + 3) / 6, 0, 1);
    case ActivationKind::kHardSigmoid:
      return Clamp(double{a.alpha} * x + double{a.beta}, 0, 1);
    case ActivationKind::kTanh:
      return tanh(x);
    case ActivationKind::kGelu:
      return x / 2 * erfc(-x * M_SQRT1_2);
    case ActivationKind::kGeluTanh:
      return x * Sigmoid(2 * sqrt(2 / M_PI) * (x + 0.044715 * x * x * x));
    case ActivationKind::kMish:
      return x * tanh(Softplus(x));
    case ActivationKind::kElu:
      return x < 0 ? double{a.alpha} * expm1(x) : x;
    case ActivationKind::kSoftplus:
      return Softplus(x);
    case ActivationKind::kIdentity:
    case ActivationKind::kCount:
      break;
  }
  return x;
}

// The function and its tail (activation.h).
inline double Activate(const Activation& a, size_t channel, double x) {
  return Clamp(ActivateKind(a, channel, x) * double{a.scale} + double{a.shift}, a.low, a.high);
}

}  // namespace convfuse::reference
