#include "ops/output_store.h"

#include <algorithm>
#include <limits>

namespace convfuse {

void ActivateBlock(const ConvLayer& layer, size_t block, size_t rows, size_t width, size_t row,
                   float* out) {
  const KernelTable& table = *layer.table;
  Activation rest = layer.activation;
  if (rest.slopes > 1) {
    // Each lane has a slope of its own.
    ElementwiseRows slopes = {};
    slopes.function = ElementwiseFunction::kPrelu;
    slopes.x = {out, out, row, Advance::kElement};
    slopes.other = {rest.slope + block * table.lanes, rest.slope + rest.slopes, 0, Advance::kLanes};
    slopes.y = out;
    slopes.y_row = row;
    slopes.rows = rows;
    slopes.length = width * table.lanes;
    slopes.low = -std::numeric_limits<float>::infinity();
    slopes.high = std::numeric_limits<float>::infinity();
    table.elementwise(slopes);
    rest.kind = ActivationKind::kIdentity;
    if (!HasTail(rest)) return;
  }
  for (size_t y = 0; y < rows; ++y)
    table.activate_row(rest, 0, width * table.lanes, out + y * row);
}

void ActivateBlocks(const ConvLayer& layer, const BlockedStrides& strides, size_t first,
                    size_t blocks, size_t rows, size_t width, float* out) {
  for (size_t b = 0; b < blocks; ++b)
    ActivateBlock(layer, first + b, rows, width, strides.row, out + b * strides.block);
}

OutputStore::OutputStore(const ConvLayer& layer, const ConvShape& shape)
    : layer_(layer), shape_(shape), epilogue_(layer.activation) {}

void OutputStore::Store(const ConvRun& run, const OutputPart& part) const {
  shape_.out_layout.blocked ? StoreBlocks(run, part) : StoreDense(run, part);
}

void OutputStore::StoreDense(const ConvRun& run, const OutputPart& part) const {
  const KernelTable& table = *layer_.table;
  const size_t plane = shape_.out[1] * shape_.out[2], width = table.direct_channels;
  const size_t m = part.group * layer_.GroupOut() + part.slice * width;
  const bool whole = part.width == shape_.out[2];  // rows follow one another
  DirectStore store = {};
  store.pixels = whole ? part.rows * part.width : part.width;
  store.channels = std::min(width, layer_.GroupOut() - part.slice * width);
  store.bias = layer_.bias.data() + m;
  store.stride = plane;
  store.low = epilogue_.low;
  store.high = epilogue_.high;
  // Channel planes 4 KB apart, or a multiple of it, share the sets of an L1.
  store.stream = part.stream && plane * sizeof(float) % 4096 == 0 && !epilogue_.rows;
  for (size_t i = 0; i < (whole ? 1 : part.rows); ++i) {
    const size_t at = (part.image * layer_.geometry.channels_out + m) * plane +
                      (part.row + i) * shape_.out[2] + part.column;
    store.sums = part.sums + i * part.width * width;
    store.add = run.residual ? run.residual + at : nullptr;
    store.out = run.out + at;
    table.direct_store(store);
    for (size_t c = 0; epilogue_.rows && c < store.channels; ++c)
      table.activate_row(layer_.activation, m + c, store.pixels, store.out + c * plane);
  }
}

void OutputStore::StoreBlocks(const ConvRun& run, const OutputPart& part) const {
  const KernelTable& table = *layer_.table;
  const size_t channels = layer_.geometry.channels_out, width = table.direct_channels;
  const size_t m = part.slice * width, blocks = width / table.lanes;  // one group
  const BlockedStrides out(shape_.out_layout, table.lanes, channels, shape_.out[1], shape_.out[2]);
  const BlockedStrides add(shape_.residual_layout, table.lanes, channels, shape_.out[1],
                           shape_.out[2]);
  BlockedStore store = {};
  store.pixels = part.width;
  store.channels = std::min(width, channels - m);
  store.bias = layer_.bias.data() + m;
  store.add_block = add.block;
  store.out_block = out.block;
  store.low = epilogue_.low;
  store.high = epilogue_.high;
  const auto at = [&](const BlockedStrides& s, size_t row) {
    return s.origin + part.image * s.image + part.slice * blocks * s.block + row * s.row +
           part.column * table.lanes;
  };
  for (size_t i = 0; i < part.rows; ++i) {
    store.sums = part.sums + i * part.width * width;
    store.add = run.residual ? run.residual + at(add, part.row + i) : nullptr;
    store.out = run.out + at(out, part.row + i);
    table.blocked_store(store);
    if (epilogue_.rows)
      ActivateBlocks(layer_, out, part.slice * blocks, CeilDiv(store.channels, table.lanes), 1,
                     part.width, store.out);
  }
}

}  // namespace convfuse
