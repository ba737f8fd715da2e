// Sums of the direct kernel turned into channel planes; contract in direct.h.
#pragma once
#include "kernels/direct.h"
#include "kernels/direct_size-inl.h"
#include "kernels/transpose-inl.h"

namespace convfuse::CONVFUSE_ISA {

// kPart: a block with fewer channels or pixels than a vector has lanes.
enum class StoreMode { kPart, kWhole, kStream };

// Transposes a block of kLanes pixels x kLanes channels.  The bias is added while lanes are
// channels, the residual once they are pixels.
template <StoreMode kMode, bool kAdds>
CONVFUSE_INLINE void StoreBlock(const float* sums, V bias, V low, V high, const float* add,
                                float* out, size_t stride, size_t channels, size_t pixels) {
  constexpr bool kWhole = kMode != StoreMode::kPart;
  V block[kLanes];
#pragma GCC unroll 16
  for (size_t i = 0; i < kLanes; ++i)
    block[i] = kWhole || i < pixels ? Load(sums + i * kDirectChannels) + bias : V{};
  Transpose(block);
#pragma GCC unroll 16
  for (size_t i = 0; i < kLanes; ++i, out += stride) {
    if (!kWhole && i >= channels) break;
    V v = block[i];
    if constexpr (kAdds) {
      v += kWhole ? Load(add) : LoadN(add, pixels);
      add += stride;
    }
    v = AtMost(AtLeast(v, low), high);
    if constexpr (kMode == StoreMode::kStream)
      Stream(out, v);
    else if constexpr (kWhole)
      Store(out, v);
    else
      StoreN(out, v, pixels);
  }
}

template <StoreMode kWholeMode, bool kAdds>
static void StoreBlocks(const DirectStore& s) {
  const V low = Splat(s.low), high = Splat(s.high);
  const size_t stride = s.stride, pixels = s.pixels;
  for (size_t m = 0; m < s.channels; m += kLanes) {
    const size_t channels = s.channels - m < kLanes ? s.channels - m : kLanes;
    const V bias = LoadN(s.bias + m, channels);
    const float* sums = s.sums + m;
    const float* add = kAdds ? s.add + m * stride : nullptr;
    float* out = s.out + m * stride;
    size_t p = 0;
    if (channels == kLanes)
      for (; p + kLanes <= pixels; p += kLanes)
        StoreBlock<kWholeMode, kAdds>(sums + p * kDirectChannels, bias, low, high,
                                      kAdds ? add + p : add, out + p, stride, kLanes, kLanes);
    for (; p < pixels; p += kLanes)
      StoreBlock<StoreMode::kPart, kAdds>(sums + p * kDirectChannels, bias, low, high,
                                          kAdds ? add + p : add, out + p, stride, channels,
                                          pixels - p < kLanes ? pixels - p : kLanes);
  }
}

static void StoreDirect(const DirectStore& s) {
  const size_t bytes = kLanes * sizeof(float);
  if (s.stream && reinterpret_cast<uintptr_t>(s.out) % bytes == 0 && s.stride % kLanes == 0) {
    s.add ? StoreBlocks<StoreMode::kStream, true>(s) : StoreBlocks<StoreMode::kStream, false>(s);
    return Fence();
  }
  s.add ? StoreBlocks<StoreMode::kWhole, true>(s) : StoreBlocks<StoreMode::kWhole, false>(s);
}

}  // namespace convfuse::CONVFUSE_ISA
