// The contract of the depthwise kernel: each output channel is the convolution of one dense input
// plane (of up to three axes) with one kernel, plus bias and residual, clamped and activated.
#pragma once
#include <stddef.h>

#include "kernels/activation.h"

namespace convfuse {

// Axes are (depth, height, width).  Reads outside the input are zeros; nothing outside it is read.
struct DepthwiseShape {
  size_t in[3], out[3];
  size_t kernel[3], stride[3], dilation[3], pad[3];
};

// out = activation(clamp(conv(x, weight) + bias + add, low, high)); NaN survives the clamp.
struct DepthwiseEpilogue {
  float low, high;               // infinite: no clamp
  const Activation* activation;  // null when the clamp is all
};

// One output channel of one image.  `add` may be null, and may be `out`; nothing else may overlap
// `out`.  Planes are dense.
struct DepthwiseChannel {
  const float* x;       // [in...]
  const float* weight;  // [kernel...]
  const float* add;     // [out...]
  float* out;           // [out...]
  float bias;
  size_t index;  // of the channel, for the activation
};

}  // namespace convfuse
