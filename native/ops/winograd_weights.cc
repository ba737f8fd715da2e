#include "ops/winograd_weights.h"

#include "ops/integers.h"

namespace convfuse {
namespace {

constexpr size_t kMostTile = 6, kMostTaps = 4;

struct Matrix {
  double g[kMostTile][kMostTaps];
};

// Row p of G evaluates the filter, a polynomial, at a point; Toom-Cook divides by the product of
// the point's distances from the others.  These two are small enough to write down.
constexpr Matrix kF2 = {{{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}}};
constexpr Matrix kStride2 = {{{1, 0, 0}, {1, 0, 1}, {0, 0, 1}, {0, 1, 0}, {0, 1, 0}}};

// The points 0, +-3/4, +-3/2 and infinity.
Matrix SixPoints(size_t taps) {
  constexpr double kPoints[] = {0, 0.75, -0.75, 1.5, -1.5};
  Matrix m = {};
  for (size_t i = 0; i < 5; ++i) {
    double distances = 1, power = 1;
    for (size_t j = 0; j < 5; ++j)
      if (j != i) distances *= kPoints[i] - kPoints[j];
    for (size_t t = 0; t < taps; ++t, power *= kPoints[i]) m.g[i][t] = power / distances;
  }
  m.g[5][taps - 1] = 1;
  return m;
}

Matrix FilterMatrix(WinogradKind kind) {
  switch (kind) {
    case WinogradKind::kF2:
      return kF2;
    case WinogradKind::kStride2:
      return kStride2;
    default:
      return SixPoints(kind == WinogradKind::kF4 ? 3 : 4);
  }
}

// Tap (y, x) of the filter that channel `channel` of the product is convolved with.
double TapOf(WinogradKind kind, const ConvLayer& layer, size_t m, size_t channel, size_t y,
             size_t x) {
  const size_t phase = channel % WinogradPhases(kind);
  if (kind == WinogradKind::kPolyphase) y = 2 * y + phase / 2, x = 2 * x + phase % 2;
  const size_t height = layer.geometry.kernel[1], width = layer.geometry.kernel[2];
  if (y >= height || x >= width) return 0;
  return layer.Weight(m, channel / WinogradPhases(kind), y * width + x);
}

}  // namespace

WinogradWeights::WinogradWeights(WinogradKind kind, const ConvLayer& layer)
    : channels_(layer.GroupIn() * WinogradPhases(kind)),
      slices_(CeilDiv(layer.GroupOut(), layer.table->direct_channels)),
      points_(kWinogradSizes[static_cast<int>(kind)].Points()),
      width_(layer.table->direct_channels) {
  const size_t tile = kWinogradSizes[static_cast<int>(kind)].tile;
  const size_t taps = kind == WinogradKind::kPolyphase ? 4 : 3;
  const Matrix matrix = FilterMatrix(kind);
  const size_t groups = layer.geometry.groups;
  data_.Reserve(groups * slices_ * points_ * channels_ * width_);
  for (size_t g = 0; g < groups; ++g)
    for (size_t s = 0; s < slices_; ++s)
      for (size_t c = 0; c < channels_; ++c)
        for (size_t j = 0; j < width_; ++j) {
          float* out = data_.data() + ((g * slices_ + s) * points_ * channels_ + c) * width_ + j;
          const size_t m = s * width_ + j;
          double w[kMostTaps][kMostTaps] = {}, half[kMostTile][kMostTaps] = {};
          for (size_t y = 0; y < taps && m < layer.GroupOut(); ++y)
            for (size_t x = 0; x < taps; ++x)
              w[y][x] = TapOf(kind, layer, g * layer.GroupOut() + m, c, y, x);
          for (size_t i = 0; i < tile; ++i)
            for (size_t x = 0; x < taps; ++x)
              for (size_t y = 0; y < taps; ++y) half[i][x] += matrix.g[i][y] * w[y][x];
          for (size_t i = 0; i < tile; ++i)
            for (size_t k = 0; k < tile; ++k) {
              double sum = 0;
              for (size_t x = 0; x < taps; ++x) sum += half[i][x] * matrix.g[k][x];
              out[(i * tile + k) * channels_ * width_] = static_cast<float>(sum);
            }
        }
}

}  // namespace convfuse
