// Activations that an epilogue can apply.  The order is that of lib/backend/activation.ts.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include <limits>

namespace convfuse {

enum class ActivationKind : int32_t {
  kIdentity = 0,
  kRelu,
  kLeakyRelu,    // alpha * x below 0
  kPrelu,        // slope[c] * x below 0
  kRelu6,        // min(max(x, 0), 6)
  kClip,         // min(max(x, alpha), beta): beta where alpha > beta
  kSigmoid,      // 1 / (1 + exp(-x))
  kSilu,         // x * sigmoid(x)
  kHardSwish,    // x * max(0, min(1, x / 6 + 1 / 2))
  kHardSigmoid,  // max(0, min(1, alpha * x + beta))
  kTanh,
  kGelu,         // x / 2 * (1 + erf(x / sqrt(2)))
  kGeluTanh,     // x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))
  kMish,         // x * tanh(log(1 + exp(x)))
  kElu,          // alpha * (exp(x) - 1) below 0
  kSoftplus,     // log(1 + exp(x))
  kCount
};

// NaN passes through every activation: relu(NaN) is NaN.
struct Activation {
  ActivationKind kind = ActivationKind::kIdentity;
  float alpha = 0;
  float beta = 0;
  // kPrelu: one slope when slopes == 1, else one per output channel.
  const float* slope = nullptr;
  size_t slopes = 0;
  // The tail, applied to the function's result y: min(max(scale * y + shift, low), high).  The
  // defaults leave y as it is, -0 too.
  float scale = 1;
  float shift = -0.0f;
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

}  // namespace convfuse
