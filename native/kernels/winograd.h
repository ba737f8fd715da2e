// The contract of the Winograd kernels: tiles of input and output transformed with one channel in
// each lane.  Between the two transforms, point by point, stands a matrix product.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace convfuse {

// y = A^T [(G w G^T) * (B^T d B)] A: an a x a tile of the input, one every `step`, gives m x m
// outputs for a * a products per pair of channels.
enum class WinogradKind : int {
  kF2 = 0,      // F(2x2, 3x3), points 0, 1, -1, infinity
  kF4,          // F(4x4, 3x3), points 0, +-3/4, +-3/2, infinity: half the error of 0, +-1, +-2
  kStride2,     // 2x2 outputs of a 3x3 kernel of stride 2; coefficients 0 and +-1 only
  kPolyphase,   // F(3x3, 4x4) with the points of kF4, on the four phases of a kernel of stride 2
  kCount
};

struct WinogradSizes {
  size_t tile, outputs, step;
  size_t Points() const { return tile * tile; }
};
constexpr WinogradSizes kWinogradSizes[] = {{4, 2, 2}, {6, 4, 4}, {5, 2, 4}, {6, 3, 3}};

constexpr size_t kMostLanes = 16;

// out[(y * width + x) * lanes + l] = plane[l][row + y * stride + dy[l]][col + x * stride + dx[l]],
// or 0 outside the input and where plane[l] is null: channels become lanes, borders become zeros.
struct BlockedCopy {
  const float* plane[kMostLanes];
  uint8_t dy[kMostLanes], dx[kMostLanes];  // below stride
  size_t in_height, in_width;
  ptrdiff_t row, col;
  size_t stride;  // 1 or 2
  size_t rows, width;
  float* out;
};

// v[point * point_stride + tile * lanes + l], for a grid of tiles numbered row by row, from a
// blocked copy whose rows hold `width` pixels.
struct WinogradInput {
  const float* in;
  size_t width;
  size_t step;  // of the kind
  size_t tiles_high, tiles_wide;
  float* v;
  size_t point_stride;
};

// One point, one slice of output channels:
// sums[tile * direct_channels + m] (+)= sum_c weight[c * direct_channels + m] *
// v[c / lanes * vector_stride + tile * lanes + c % lanes] for c < channels.
struct WinogradProduct {
  size_t channels, tiles;
  size_t vectors;  // of the output channels that exist: others are not computed
  const float* v;
  size_t vector_stride;
  const float* weight;
  float* sums;
  bool add;  // to what sums holds already
  // The weights of the next product, brought into L1: any address.
  const float* ahead;
};

// out[(y * width + x) * direct_channels + m] from the sums m[point * point_stride + tile *
// direct_channels + m]; outputs past height and width are dropped.
struct WinogradOutput {
  const float* sums;
  size_t vectors;  // of output channels
  size_t point_stride;
  size_t tiles_high, tiles_wide;
  float* out;
  size_t height, width;
};

}  // namespace convfuse
