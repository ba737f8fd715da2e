// Kernels on blocked activations.  Each lane of a vector is a channel, so that no data moves
// between lanes, except to and from dense planes.  Contracts in blocked.h.
#pragma once
#include "kernels/blocked.h"
#include "kernels/direct_size-inl.h"
#include "kernels/transpose-inl.h"

namespace convfuse::CONVFUSE_ISA {

template <bool kAdds>
static void StoreBlockOf(const BlockedStore& s, size_t block) {
  const size_t first = block * kLanes;
  const size_t channels = s.channels - first < kLanes ? s.channels - first : kLanes;
  const V bias = LoadN(s.bias + first, channels), low = Splat(s.low), high = Splat(s.high);
  const float* sums = s.sums + first;
  const float* add = kAdds ? s.add + block * s.add_block : nullptr;
  float* out = s.out + block * s.out_block;
  for (size_t p = 0; p < s.pixels; ++p, sums += kDirectChannels, out += kLanes) {
    V v = Load(sums) + bias;
    if constexpr (kAdds) v += Load(add), add += kLanes;
    Store(out, AtMost(AtLeast(v, low), high));
  }
}

static void StoreBlocked(const BlockedStore& s) {
  for (size_t b = 0; b * kLanes < s.channels; ++b) s.add ? StoreBlockOf<true>(s, b)
                                                         : StoreBlockOf<false>(s, b);
}

// Outputs computed together: the steps of one depend on each other, those of four overlap.
constexpr size_t kPoolPixels = 4;

// Outputs [ox, ox + kPixels) of a row, whose windows have the same number of columns.
template <bool kMean, size_t kPixels>
CONVFUSE_INLINE void PoolPixels(const BlockedPool& p, const float* from, size_t rows, size_t ox,
                                V divisor_row, float* out) {
  const PoolAxis& wide = p.axis[1];
  const size_t columns = static_cast<size_t>(wide.taps[ox]);
  const float* at[kPixels];
  V v[kPixels], nan[kPixels];
#pragma GCC unroll 4
  for (size_t i = 0; i < kPixels; ++i) {
    at[i] = columns ? from + static_cast<size_t>(wide.start[ox + i]) * kLanes : from;
    v[i] = kMean ? V{} : Splat(-__builtin_inff());
    nan[i] = V{};
  }
  for (size_t y = 0; y < rows; ++y)
    for (size_t x = 0; x < columns; ++x)
#pragma GCC unroll 4
      for (size_t i = 0; i < kPixels; ++i) {
        const V b = Load(at[i] + y * p.axis[0].dilation * p.x_row + x * wide.dilation * kLanes);
        // The larger of both, or v where b is NaN; `nan` remembers those.
        if (!kMean) nan[i] = FromBits(Bits(nan[i]) | (b != b));
        v[i] = kMean ? v[i] + b : Select(b > v[i], b, v[i]);
      }
#pragma GCC unroll 4
  for (size_t i = 0; i < kPixels; ++i) {
    if (kMean) v[i] = v[i] / (divisor_row * Splat(static_cast<float>(wide.divisor[ox + i])));
    // A lane with all bits set is a NaN.
    Store(out + i * kLanes, kMean ? v[i] : FromBits(Bits(v[i]) | Bits(nan[i])));
  }
}

template <bool kMean>
static void PoolBlockOf(const BlockedPool& p) {
  const PoolAxis &high = p.axis[0], &wide = p.axis[1];
  for (size_t oy = 0; oy < high.out; ++oy) {
    const size_t rows = static_cast<size_t>(high.taps[oy]);
    const float* from = rows ? p.x + static_cast<size_t>(high.start[oy]) * p.x_row : p.x;
    const V divisor = Splat(static_cast<float>(high.divisor[oy]));
    float* out = p.out + oy * p.out_row;
    for (size_t ox = 0; ox < wide.out;) {
      size_t same = 1;
      while (same < kPoolPixels && ox + same < wide.out && wide.taps[ox + same] == wide.taps[ox])
        ++same;
      if (same == kPoolPixels) {
        PoolPixels<kMean, kPoolPixels>(p, from, rows, ox, divisor, out + ox * kLanes);
        ox += kPoolPixels;
      } else {
        PoolPixels<kMean, 1>(p, from, rows, ox, divisor, out + ox * kLanes);
        ++ox;
      }
    }
  }
}

static void PoolBlocked(const BlockedPool& p) {
  p.mean ? PoolBlockOf<true>(p) : PoolBlockOf<false>(p);
}

// The next kRows rows, of the same block or not.  Their sums overlap.
template <size_t kRows>
CONVFUSE_INLINE void SumRowsOf(const BlockedSums& s, size_t* block, size_t* row, V divisor) {
  const float* x[kRows];
  float* out[kRows];
  V sum[kRows];
#pragma GCC unroll 4
  for (size_t i = 0; i < kRows; ++i) {
    x[i] = s.x + *block * s.x_block + *row * s.x_row;
    out[i] = s.out + *block * s.out_block + *row * kLanes;
    sum[i] = V{};
    if (++*row == s.rows) *row = 0, ++*block;
  }
  for (size_t p = 0; p < s.pixels * kLanes; p += kLanes)
#pragma GCC unroll 4
    for (size_t i = 0; i < kRows; ++i) sum[i] += Load(x[i] + p);
#pragma GCC unroll 4
  for (size_t i = 0; i < kRows; ++i) Store(out[i], sum[i] / divisor);
}

static void SumBlocked(const BlockedSums& s) {
  const V divisor = Splat(s.divisor);
  size_t block = 0, row = 0, left = s.blocks * s.rows;
  for (; left >= kPoolPixels; left -= kPoolPixels)
    SumRowsOf<kPoolPixels>(s, &block, &row, divisor);
  for (; left > 0; --left) SumRowsOf<1>(s, &block, &row, divisor);
}

// Pixels of a plane that is too short for the CPU's own prefetcher: the planes of the next block of
// channels, which follow in memory, are then fetched by software.
constexpr size_t kShortPlane = 1024;

static void ToBlocked(const Reorder& r) {
  const size_t ahead = r.plane <= kShortPlane ? kLanes * r.plane : 0;
  for (size_t y = 0; y < r.height; ++y)
    for (size_t x = 0; x < r.width; x += kLanes) {
      const size_t pixels = r.width - x < kLanes ? r.width - x : kLanes;
      const float* in = r.dense + y * r.width + x;
      float* out = r.blocked + y * r.blocked_row + x * kLanes;
      V block[kLanes];
#pragma GCC unroll 16
      for (size_t l = 0; l < kLanes; ++l)
        block[l] = l < r.channels ? LoadN(in + l * r.plane, pixels) : V{};
      for (size_t l = 0; l < r.channels; ++l) __builtin_prefetch(in + ahead + l * r.plane, 0, 2);
      Transpose(block);
#pragma GCC unroll 16
      for (size_t i = 0; i < kLanes; ++i)
        if (i < pixels) Store(out + i * kLanes, block[i]);
    }
}

static void FromBlocked(const Reorder& r) {
  for (size_t y = 0; y < r.height; ++y)
    for (size_t x = 0; x < r.width; x += kLanes) {
      const size_t pixels = r.width - x < kLanes ? r.width - x : kLanes;
      float* out = r.dense + y * r.width + x;
      const float* in = r.blocked + y * r.blocked_row + x * kLanes;
      V block[kLanes];
#pragma GCC unroll 16
      for (size_t i = 0; i < kLanes; ++i) block[i] = i < pixels ? Load(in + i * kLanes) : V{};
      Transpose(block);
#pragma GCC unroll 16
      for (size_t l = 0; l < kLanes; ++l)
        if (l < r.channels) StoreN(out + l * r.plane, block[l], pixels);
    }
}

}  // namespace convfuse::CONVFUSE_ISA
