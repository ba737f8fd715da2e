// What kernels multiply: numbers, or pairs of bfloat16 numbers of neighbouring input channels
// (kernels/direct.h).
#pragma once
#include "ops/layer.h"

namespace convfuse {

enum class Element : int { kFloat = 1, kBf16Pair = 2 };  // the value: input channels in an element

constexpr size_t ChannelsOf(Element element) { return static_cast<size_t>(element); }

// The weight element of output channel m (of all) at a tap, for input channel c (of its group) and,
// in a pair, c + 1: zero where that is missing.
float WeightElement(const ConvLayer& layer, Element element, size_t m, size_t c, size_t tap);

}  // namespace convfuse
