// The direct kernel for few output channels: pixels are lanes.  Contract in direct.h.
#pragma once
#include "kernels/direct.h"
#include "kernels/direct_size-inl.h"

namespace convfuse::CONVFUSE_ISA {

// Vectors of pixels in a tile.  With three channels, twelve sums, three weights and a vector of
// pixels are 16 registers; without FMA the product needs one too.
template <size_t kChannels>
constexpr size_t kPlaneVectors = kChannels == 1 ? 8 : kLanes == 4 && kRegisters == 16 ? 2 : 4;
static_assert(kPlaneVectors<1> >= kPlaneVectors<kPlaneChannels>, "what is read past a row");

// Adds residual and bias to the sums of channel m, which stand for up to `vectors` vectors of
// pixels from p on, clamps and stores them.
static void FinishPlane(const PlaneRow& t, size_t m, size_t p, size_t vectors, const float* sums) {
  const V low = Splat(t.low), high = Splat(t.high), bias = t.bias ? Splat(t.bias[m]) : V{};
  const size_t end = t.pixels - p < vectors * kLanes ? t.pixels - p : vectors * kLanes;
  float* out = t.out + m * t.stride + p;
  const float* add = t.add ? t.add + m * t.stride + p : nullptr;
#pragma GCC unroll 1
  for (size_t i = 0; i < end; i += kLanes) {
    const size_t some = end - i < kLanes ? end - i : kLanes;
    V v = Load(sums + i);
    if (add) v += LoadN(add + i, some);
    StoreN(out + i, AtMost(AtLeast(v + bias, low), high), some);
  }
}

template <size_t kChannels>
static void PlaneRowOf(const PlaneRow& t) {
  constexpr size_t kVectors = kPlaneVectors<kChannels>;
  for (size_t p = 0; p < t.pixels; p += kVectors * kLanes) {
    V acc[kChannels][kVectors];
#pragma GCC unroll 3
    for (size_t m = 0; m < kChannels; ++m)
#pragma GCC unroll 8
      for (size_t j = 0; j < kVectors; ++j) acc[m][j] = V{};
    const float* w = t.weight;
    for (size_t k = 0; k < t.k; ++k, w += kDirectChannels) {
      const float* x = t.x + t.offset[k] + p;
      V weight[kChannels];
#pragma GCC unroll 3
      for (size_t m = 0; m < kChannels; ++m) weight[m] = Splat(w[m]);
#pragma GCC unroll 8
      for (size_t j = 0; j < kVectors; ++j) {
        const V pixels = Load(x + j * kLanes);
#pragma GCC unroll 3
        for (size_t m = 0; m < kChannels; ++m) acc[m][j] += weight[m] * pixels;
      }
    }
    alignas(64) float sums[kChannels][kVectors * kLanes];
#pragma GCC unroll 3
    for (size_t m = 0; m < kChannels; ++m)
#pragma GCC unroll 8
      for (size_t j = 0; j < kVectors; ++j) Store(sums[m] + j * kLanes, acc[m][j]);
    for (size_t m = 0; m < t.channels; ++m) FinishPlane(t, m, p, kVectors, sums[m]);
  }
}

static void RunPlaneRow(const PlaneRow& t) {
  t.channels == 1 ? PlaneRowOf<1>(t) : PlaneRowOf<kPlaneChannels>(t);
}

}  // namespace convfuse::CONVFUSE_ISA
