// 3 x 3 depthwise on small planes, strides 1 and 2: rows are copied between zeros into a window in
// L1, and every output is then computed alike, without masks and without shuffles.  Contract in
// depthwise.h.
//
// Rows of a window are 64 bytes apart or a multiple, so that on planes up to 14 wide no load
// crosses a cache line.  The next window is copied before one is computed, so that its stores have
// reached L1 by then: a CPU forwards a pending store only to a load of the same address and width.
#pragma once
#include "kernels/activation-inl.h"
#include "kernels/depthwise.h"
#include "kernels/shuffle-inl.h"

namespace convfuse::CONVFUSE_ISA {

// Applies the activation, if there is one besides the clamp, to n outputs of a channel.
static void FinishRows(const DepthwiseEpilogue& epilogue, const DepthwiseChannel& channel, size_t n,
                       float* out) {
  if (epilogue.activation) ActivateRow(*epilogue.activation, channel.index, n, out);
}

// Output rows of a tile: as many sums, 3 weights and a vector of input fit 16 registers, and planes
// of 7, 14 and 28 rows divide.
constexpr size_t kTileRows = 7;

// The input of a band of outputs, which are up to kRow - 2 wide.
template <size_t kStride, size_t kRow>
struct DepthwiseWindow {
  static constexpr size_t kBand = kStride == 1 ? 2 * kTileRows : kTileRows;  // rows of outputs
  static constexpr size_t kRows = (kBand - 1) * kStride + 3;
  // Of a row: with stride 2, even columns, then odd.
  static constexpr size_t kFloats = kRow * kStride;
  // Past the end of the last row lie lanes that nobody stores.
  alignas(64) float data[kRows * kFloats + 2 * kLanes];
};

// For each vector of a window's row, which lanes lie inside the input.
template <size_t kStride, size_t kRow>
struct DepthwiseColumns {
  size_t vectors;  // those that have any such lane
  Vi mask[kRow / kLanes][kStride];

  explicit DepthwiseColumns(const DepthwiseShape& s) : vectors(0) {
    const ptrdiff_t width = static_cast<ptrdiff_t>(s.in[2]), pad = static_cast<ptrdiff_t>(s.pad[2]);
    const ptrdiff_t lanes = kLanes, reads = static_cast<ptrdiff_t>((s.out[2] - 1) * kStride + 3);
    const ptrdiff_t end = width + pad < reads ? width + pad : reads;
    for (ptrdiff_t p = 0; p < end; ++vectors)
      for (size_t k = 0; k < kStride; ++k, p += lanes)
        mask[vectors][k] = LaneRange(pad - p, width + pad - p);
  }
};

// Copies what output rows [row, row + rows) read.  Vectors past columns.vectors are left as they
// are: zero.
template <size_t kStride, size_t kRow>
static void FillWindow(const DepthwiseShape& s, const DepthwiseColumns<kStride, kRow>& columns,
                       const float* x, size_t row, size_t rows, float* window) {
  constexpr size_t kFloats = DepthwiseWindow<kStride, kRow>::kFloats;
  const size_t top = row * kStride - s.pad[1];  // wraps, as do the addresses of what is not read
  for (size_t i = 0; i < (rows - 1) * kStride + 3; ++i, window += kFloats) {
    const bool inside = top + i < s.in[1];
    const float* in = x + static_cast<ptrdiff_t>((top + i) * s.in[2] - s.pad[2]);
    for (size_t v = 0; v < columns.vectors; ++v, in += kStride * kLanes) {
      const auto& mask = columns.mask[v];
      const V a = !inside ? V{} : LoadMasked(in, mask[0]);
      float* out = window + v * kLanes;
      if constexpr (kStride == 1) {
        Store(out, a);
      } else {
        const V b = !inside ? V{} : LoadMasked(in + kLanes, mask[1]);
        Store(out, Even(a, b));
        Store(out + kRow, Odd(a, b));
      }
    }
  }
}

// sum[r] = bias + convolution: a vector of outputs in each of kTileRows rows.
template <size_t kStride, size_t kRow>
CONVFUSE_INLINE void DepthwiseSums(const float* window, const float* weight, V bias,
                                   V (&sum)[kTileRows]) {
#pragma GCC unroll 7
  for (size_t r = 0; r < kTileRows; ++r) sum[r] = bias;
#pragma GCC unroll 3
  for (size_t kx = 0; kx < 3; ++kx) {
    const float* column = window + kx / kStride + kx % kStride * kRow;
    const V w[3] = {Splat(weight[kx]), Splat(weight[kx + 3]), Splat(weight[kx + 6])};
#pragma GCC unroll 15
    for (size_t i = 0; i < (kTileRows - 1) * kStride + 3; ++i) {
      const V x = Load(column + i * kRow * kStride);
#pragma GCC unroll 3
      for (size_t ky = 0; ky < 3; ++ky)
        if (i >= ky && (i - ky) % kStride == 0 && (i - ky) / kStride < kTileRows)
          sum[(i - ky) / kStride] += w[ky] * x;
    }
  }
}

template <size_t kStride, size_t kRow>
static void ComputeWindow(const DepthwiseShape& s, const DepthwiseEpilogue& epilogue,
                          const DepthwiseChannel& c, size_t row, size_t rows, const float* window) {
  const V bias = Splat(c.bias), low = Splat(epilogue.low), high = Splat(epilogue.high);
  const size_t width = s.out[2];
  // A row that is shorter than a vector is stored as a whole one: the rest falls into the following
  // rows, which are stored later.  The last vector of a longer row overlaps the one before.
  // Neither is done with a residual, which may be the output itself.
  const bool over = width < kLanes && !c.add, shared = width > kLanes && !c.add;
  const size_t reach = (kLanes + width - 1) / width;  // rows that a vector touches
  for (size_t v = 0; v < width; v += kLanes) {
    const size_t x = shared && width - v < kLanes ? width - kLanes : v;
    const size_t columns = width - x < kLanes ? width - x : kLanes;
    for (size_t r = 0; r < rows; r += kTileRows) {
      V sum[kTileRows];
      DepthwiseSums<kStride, kRow>(window + r * kRow * kStride * kStride + x, c.weight, bias, sum);
#pragma GCC unroll 7
      for (size_t i = 0; i < kTileRows; ++i) Keep(sum[i]);
      const size_t y = row + r;
      float* out = c.out + y * width + x;
      const float* add = c.add ? c.add + y * width + x : nullptr;
      const size_t stored = rows - r < kTileRows ? rows - r : kTileRows;
      const size_t whole = columns == kLanes               ? stored
                           : over && y + reach <= s.out[1] ? s.out[1] - y - reach + 1
                                                           : 0;
#pragma GCC unroll 7
      for (size_t i = 0; i < kTileRows; ++i, out += width) {
        if (i >= stored) break;
        if (add) sum[i] += LoadN(add + i * width, columns);
        sum[i] = AtMost(AtLeast(sum[i], low), high);
        if (i < whole)
          Store(out, sum[i]);
        else
          StoreN(out, sum[i], columns);
      }
    }
  }
  FinishRows(epilogue, c, rows * width, c.out + row * width);
}

template <size_t kStride, size_t kRow>
static void DepthwiseWindows(const DepthwiseShape& s, const DepthwiseEpilogue& epilogue,
                             const DepthwiseChannel* channels, size_t count) {
  using Window = DepthwiseWindow<kStride, kRow>;
  const size_t height = s.out[1];
  if (count * height * s.out[2] == 0) return;
  const DepthwiseColumns<kStride, kRow> columns(s);
  Window windows[2] = {};
  const auto rows = [&](size_t row) {
    return height - row < Window::kBand ? height - row : Window::kBand;
  };
  const auto fill = [&](size_t channel, size_t row, Window* window) {
    FillWindow(s, columns, channels[channel].x, row, rows(row), window->data);
  };
  fill(0, 0, &windows[0]);
  for (size_t channel = 0, row = 0, i = 0; channel < count; i = 1 - i) {
    const bool last = row + Window::kBand >= height;
    const size_t next_channel = channel + last, next_row = last ? 0 : row + Window::kBand;
    if (next_channel < count) fill(next_channel, next_row, &windows[1 - i]);
    ComputeWindow<kStride, kRow>(s, epilogue, channels[channel], row, rows(row), windows[i].data);
    channel = next_channel, row = next_row;
  }
}

// Widest outputs that windows compute.  On wider planes (with stride 2: wider inputs), batches that
// no cache holds are faster in strips.
template <size_t kStride>
constexpr size_t kMostWindowColumns = kStride == 1 ? 30 : 14;

template <size_t kStride>
static void DepthwiseSmall(const DepthwiseShape& s, const DepthwiseEpilogue& epilogue,
                           const DepthwiseChannel* channels, size_t count) {
  if constexpr (kStride == 1)
    if (s.out[2] > 14) return DepthwiseWindows<1, 32>(s, epilogue, channels, count);
  DepthwiseWindows<kStride, 16>(s, epilogue, channels, count);
}

}  // namespace convfuse::CONVFUSE_ISA
