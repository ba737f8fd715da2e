#include "ops/padded_rows.h"

#include "ops/integers.h"

namespace convfuse {
namespace {

// The rows, or columns, that so many neighbouring outputs read together.
size_t Reach(const ConvGeometry& g, int axis, size_t outputs) {
  if (outputs == 0) return 0;
  return (outputs - 1) * g.stride[axis] + (g.kernel[axis] - 1) * g.dilation[axis] + 1;
}

}  // namespace

PaddedRows::PaddedRows(const ConvLayer& layer, size_t elements, size_t rows, size_t out_width)
    : width(Reach(layer.geometry, 2, out_width)), row_stride(RoundUp(width, layer.table->lanes)),
      channel_stride(Reach(layer.geometry, 1, rows) * row_stride), geometry_(&layer.geometry),
      elements_(elements), lanes_(layer.table->lanes) {}

void PaddedRows::Stagger() {
  if (channel_stride / lanes_ % 2 == 0) channel_stride += lanes_;
}

void PaddedRows::Widen(size_t floats) {
  const size_t rows = channel_stride / row_stride;
  row_stride = RoundUp(width, floats);
  channel_stride = rows * row_stride;
}

std::vector<uint32_t> PaddedRows::Offsets() const {
  const ConvGeometry& g = *geometry_;
  std::vector<uint32_t> offsets;
  for (size_t c = 0; c < elements_; ++c)
    for (size_t y = 0; y < g.kernel[1]; ++y)
      for (size_t x = 0; x < g.kernel[2]; ++x)
        offsets.push_back(static_cast<uint32_t>(
            c * channel_stride + y * g.dilation[1] * row_stride + x * g.dilation[2]));
  return offsets;
}

PaddedCopy PaddedRows::CopyFor(const ConvShape& shape, size_t row, size_t rows, float* to) const {
  const ConvGeometry& g = *geometry_;
  PaddedCopy copy = {};
  copy.in_height = shape.in[1];
  copy.in_width = shape.in[2];
  copy.row =
      static_cast<ptrdiff_t>(row * g.stride[1]) - static_cast<ptrdiff_t>(shape.pad_begin[1]);
  copy.rows = Reach(g, 1, rows);
  copy.left = shape.pad_begin[2];
  copy.width = width;
  copy.out = to;
  copy.row_stride = row_stride;
  copy.channel_stride = channel_stride;
  return copy;
}

}  // namespace convfuse
