#include "ops/element.h"

#include <string.h>

namespace convfuse {
namespace {

// To the nearest bfloat16, ties to even.  Weights are finite here, but may round to infinity.
uint32_t Bf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
}

}  // namespace

float WeightElement(const ConvLayer& layer, Element element, size_t m, size_t c, size_t tap) {
  if (element == Element::kFloat) return layer.Weight(m, c, tap);
  const uint32_t low = Bf16(layer.Weight(m, c, tap));
  const uint32_t high = c + 1 < layer.GroupIn() ? Bf16(layer.Weight(m, c + 1, tap)) : 0;
  const uint32_t pair = low | high << 16;
  float bits;
  memcpy(&bits, &pair, sizeof bits);
  return bits;
}

}  // namespace convfuse
