#include "ops/tap_parts.h"

#include <algorithm>

#include "ops/integers.h"

namespace convfuse {
namespace {

// A tile of fewer pixels takes as long as one of these: its products wait for each other.
constexpr size_t kLeastTile = 4;

std::vector<AxisPart> PartsOf(const ConvLayer& layer, const ConvShape& shape, int axis) {
  const ConvGeometry& g = layer.geometry;
  const size_t pad = shape.pad_begin[axis], in = shape.in[axis];
  std::vector<AxisPart> parts;
  for (size_t o = 0; o < shape.out[axis]; ++o) {
    const size_t at = o * g.stride[axis];
    // Taps that lie before a place of the padded input.
    const auto before = [&](size_t place) {
      return place <= at ? 0 : std::min(g.kernel[axis], CeilDiv(place - at, g.dilation[axis]));
    };
    const size_t first = before(pad), last = before(pad + in);
    if (!parts.empty() && parts.back().first == first && parts.back().last == last)
      parts.back().end = o + 1;
    else
      parts.push_back({o, o + 1, first, last});
  }
  return parts;
}

// What a row of outputs takes, in products of a pixel.
size_t RowCost(const ConvLayer& layer, const std::vector<AxisPart>& columns) {
  size_t cost = 0;
  for (const AxisPart& part : columns) {
    const size_t width = part.end - part.begin;
    const size_t tiles = CeilDiv(width, layer.table->direct_pixels);
    cost += std::max(width, tiles * std::min(kLeastTile, layer.table->direct_pixels)) * part.Taps();
  }
  return cost;
}

size_t RowsOfTaps(const std::vector<AxisPart>& rows) {
  size_t taps = 0;
  for (const AxisPart& part : rows) taps += (part.end - part.begin) * part.Taps();
  return taps;
}

}  // namespace

TapParts AllTaps(const ConvLayer& layer, const ConvShape& shape) {
  const ConvGeometry& g = layer.geometry;
  return {{{0, shape.out[1], 0, g.kernel[1]}}, {{0, shape.out[2], 0, g.kernel[2]}}};
}

TapParts TapPartsOf(const ConvLayer& layer, const ConvShape& shape) {
  TapParts parts = {PartsOf(layer, shape, 1), PartsOf(layer, shape, 2)};
  TapParts all = AllTaps(layer, shape);
  const size_t cost = shape.out[2] * layer.geometry.kernel[2];
  if (RowCost(layer, parts.columns) * 10 > cost * 9) parts.columns = std::move(all.columns);
  return parts;
}

size_t PaddingPercent(const ConvLayer& layer, const ConvShape& shape) {
  const ConvGeometry& g = layer.geometry;
  const size_t all = shape.out[1] * shape.out[2] * g.kernel[1] * g.kernel[2];
  if (g.transposed || all == 0) return 0;
  const TapParts parts = TapPartsOf(layer, shape);
  const size_t inside = RowsOfTaps(parts.rows) * RowCost(layer, parts.columns);
  return inside >= all ? 0 : (all - inside) * 100 / all;
}

}  // namespace convfuse
