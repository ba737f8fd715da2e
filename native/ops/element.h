// What kernels multiply: numbers, or pairs of bfloat16 numbers of neighbouring input channels
// (kernels/direct.h).
#pragma once
#include "ops/layer.h"

namespace convfuse {

enum class Element : int { kFloat = 1, kBf16Pair = 2 };  // input channels in one

constexpr size_t ChannelsOf(Element element) { return static_cast<size_t>(element); }

// The weights of output channel m (of all) at a tap that begin with input channel c (of its group);
// zero for a second that is missing.
float WeightElement(const ConvLayer& layer, Element element, size_t m, size_t c, size_t tap);

}  // namespace convfuse
