#include "ops/converted_rows.h"

#include <algorithm>

#include "ops/integers.h"

namespace convfuse {

ConvertedRows::ConvertedRows(const ConvLayer& layer, const DirectWeights& weights,
                             const ConvShape& shape, const BlockedCut& cut)
    : layer_(layer), weights_(weights), shape_(shape),
      x_(shape.x_layout, layer.table->lanes, layer.geometry.channels_in, shape.in[1], shape.in[2]),
      pairs_(shape.x_layout.blocked ? layer.table->lanes / ChannelsOf(weights.element()) : 1) {
  const ConvGeometry& g = layer.geometry;
  for (int i = 0; i < 2; ++i) {
    const int a = i + 1;
    // A single tap of stride 2 reads every other pixel; planes are copied row by row.
    const bool skips = g.kernel[a] == 1 && shape.x_layout.blocked;
    stride_[i] = skips ? g.stride[a] : 1;
    step_[i] = g.stride[a] / stride_[i];
  }
  rows_ = Reach(0, cut.rows);
  columns_ = Reach(1, shape.out[2]);
  row_ = shape.x_layout.blocked ? columns_ * pairs_ : RoundUp(columns_, layer.table->lanes);
  image_ = rows_ * row_;
  unit_ = cut.images * image_;
  // An odd number of vectors, so that equal rows of neighbours fall into other sets of a cache.
  if (unit_ / layer.table->lanes % 2 == 0) unit_ += layer.table->lanes;
  evenly_ = step_[0] == 1 && step_[1] == 1 && row_ == shape.out[2] * pairs_ && rows_ == cut.rows;
  if (!shape.x_layout.blocked && cut.rows < shape.out[1])
    piece_lines_ = CeilDiv(rows_ * shape.in[2], kLineFloats) + 1;
  for (size_t b = 0; b < weights.blocks(); ++b)
    floats_ = std::max(floats_, (UnitEnd(b) - UnitBegin(b)) * unit_);
}

size_t ConvertedRows::Reach(int axis, size_t outputs) const {
  const ConvGeometry& g = layer_.geometry;
  return (outputs - 1) * step_[axis] + (g.kernel[axis + 1] - 1) * g.dilation[axis + 1] + 1;
}

size_t ConvertedRows::UnitBegin(size_t block) const {
  return weights_.ElementBegin(block) / pairs_;
}
size_t ConvertedRows::UnitEnd(size_t block) const {
  return CeilDiv(weights_.ElementBegin(block + 1), pairs_);
}

void ConvertedRows::Convert(const float* x, size_t group, size_t block, size_t image, size_t images,
                            size_t row, size_t rows, float* to) const {
  for (size_t i = 0; i < images; ++i, to += image_)
    shape_.x_layout.blocked ? ConvertBlocks(x, block, image + i, row, rows, to)
                            : ConvertPlanes(x, group, block, image + i, row, rows, to);
}

void ConvertedRows::ConvertPlanes(const float* x, size_t group, size_t block, size_t image,
                                  size_t row, size_t rows, float* to) const {
  const ConvGeometry& g = layer_.geometry;
  const size_t channel = weights_.ElementBegin(block) * 2;
  PaddedCopy copy = {};
  copy.in = x + (image * g.channels_in + group * layer_.GroupIn() + channel) * shape_.in[1] *
                    shape_.in[2];
  copy.in_height = shape_.in[1];
  copy.in_width = shape_.in[2];
  copy.channels = std::min(weights_.Elements(block) * 2, layer_.GroupIn() - channel);
  copy.row =
      static_cast<ptrdiff_t>(row * g.stride[1]) - static_cast<ptrdiff_t>(shape_.pad_begin[1]);
  copy.rows = Reach(0, rows);
  copy.left = shape_.pad_begin[2];
  copy.width = columns_;
  copy.out = to;
  copy.row_stride = row_;
  copy.channel_stride = unit_;
  layer_.table->copy_padded_bf16(copy);
}

void ConvertedRows::ConvertBlocks(const float* x, size_t block, size_t image, size_t row,
                                  size_t rows, float* to) const {
  const ConvGeometry& g = layer_.geometry;
  const size_t lanes = layer_.table->lanes;
  PairCopy copy = {};
  copy.in_row = stride_[0] * x_.row;
  copy.in_pixel = stride_[1] * lanes;
  copy.out_row = row_;
  copy.rows = Reach(0, rows);
  copy.pixels = columns_;
  for (size_t unit = UnitBegin(block); unit < UnitEnd(block); ++unit, to += unit_) {
    copy.in = BlockOf(x, image, unit, row);
    copy.out = to;
    copy.channels = std::min(lanes, g.channels_in - unit * lanes);
    layer_.table->copy_pairs(copy);
  }
}

// What the first tap of the first output of a row reads: it lies in the halo if there are pads.
const float* ConvertedRows::BlockOf(const float* x, size_t image, size_t unit, size_t row) const {
  return x + x_.At(image, unit, row * layer_.geometry.stride[1]) - shape_.pad_begin[1] * x_.row -
         shape_.pad_begin[2] * layer_.table->lanes;
}

SourcePieces ConvertedRows::Source(const float* x, size_t group, size_t block, size_t image,
                                   size_t images, size_t row, size_t rows) const {
  const ConvGeometry& g = layer_.geometry;
  SourcePieces source;
  const bool whole = rows == shape_.out[1];  // what is read of an image lies together
  if (!shape_.x_layout.blocked) {
    const size_t channel = group * layer_.GroupIn() + weights_.ElementBegin(block) * 2;
    const size_t channels = std::min(weights_.Elements(block) * 2, g.channels_in - channel);
    const size_t plane = shape_.in[1] * shape_.in[2], line = shape_.in[2];
    source.at = x + (image * g.channels_in + channel) * plane;
    if (!whole) source.at += row * g.stride[1] * line - shape_.pad_begin[1] * line;
    source.floats = whole ? channels * plane : Reach(0, rows) * line;
    source.stride = whole ? g.channels_in * plane : plane;
    source.pieces = whole ? images : channels;
    source.lines = piece_lines_;
    return source;
  }
  // Lines that a stride skips would be fetched for nothing.
  if (stride_[1] > 1) return source;
  const size_t units = UnitEnd(block) - UnitBegin(block);
  source.at = BlockOf(x, image, UnitBegin(block), row);
  source.floats = whole ? units * x_.block : ((Reach(0, rows) - 1) * stride_[0] + 1) * x_.row;
  source.stride = whole ? x_.image : x_.block;
  source.pieces = whole ? images : units;
  return source;
}

const float* SourcePieces::Take(size_t count) {
  if (pieces == 0) return nullptr;
  const float* piece = at + taken;
  if (lines > 0 && count >= lines * kLineFloats) {
    const size_t whole = std::min(pieces, count / (lines * kLineFloats));
    at += whole * stride, pieces -= whole;
    return piece;
  }
  taken += count;
  if (taken >= floats) taken = 0, at += stride, --pieces;
  return piece;
}

std::vector<uint32_t> ConvertedRows::PixelOffsets(const BlockedCut& cut) const {
  std::vector<uint32_t> offsets;
  for (size_t i = 0; i < cut.images; ++i)
    for (size_t y = 0; y < cut.rows; ++y)
      for (size_t x = 0; x < shape_.out[2]; ++x)
        offsets.push_back(
            static_cast<uint32_t>(i * image_ + y * step_[0] * row_ + x * step()));
  return offsets;
}

std::vector<BlockedProduct> ConvertedRows::ProductOffsets(
    const std::vector<AxisPart>& columns) const {
  const ConvGeometry& g = layer_.geometry;
  std::vector<BlockedProduct> products;
  ForEachProduct(columns, [&](const AxisPart& part, size_t b, size_t k) {
    const size_t taps = part.Taps();
    const DirectWeights::Product product = weights_.At(b, k, g.kernel[1] * taps);
    const size_t e = product.element, ky = product.tap / taps, kx = product.tap % taps;
    const size_t row = (e / pairs_ - UnitBegin(b)) * unit_ + ky * g.dilation[1] * row_;
    const size_t at = row + e % pairs_ + (part.first + kx) * g.dilation[2] * pairs_;
    const size_t line = row + (e % pairs_ * taps + kx) * kLineFloats;
    products.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(line)});
  });
  return products;
}

std::vector<BlockedProduct> ConvertedRows::LineOffsets(const std::vector<AxisPart>& columns) const {
  std::vector<BlockedProduct> products = ProductOffsets(columns);
  size_t i = 0;
  ForEachProduct(columns, [&](const AxisPart&, size_t, size_t k) {
    const size_t piece = piece_lines_ ? k / piece_lines_ : 0;
    const size_t line = k - piece * piece_lines_;
    products[i++].ahead =
        static_cast<uint32_t>(piece * shape_.in[1] * shape_.in[2] + line * kLineFloats);
  });
  return products;
}

template <class Body>
void ConvertedRows::ForEachProduct(const std::vector<AxisPart>& columns, const Body& body) const {
  for (const AxisPart& part : columns)
    for (size_t b = 0; b < weights_.blocks(); ++b)
      for (size_t k = 0; k < weights_.Elements(b) * layer_.geometry.kernel[1] * part.Taps(); ++k)
        body(part, b, k);
}

}  // namespace convfuse
