#include "ops/packed_grid.h"

#include <algorithm>

#include "ops/integers.h"

namespace convfuse {
namespace {

Tap TapOf(const ConvGeometry& geometry, const PackedGrid& g, const ConvShape& shape, size_t tap) {
  const size_t k[3] = {tap / (geometry.kernel[1] * geometry.kernel[2]),
                       tap / geometry.kernel[2] % geometry.kernel[1], tap % geometry.kernel[2]};
  Tap t;
  for (int a = 0; a < 3; ++a) {
    const auto reach = static_cast<ptrdiff_t>(k[a] * geometry.dilation[a]);
    const auto pad = static_cast<ptrdiff_t>(shape.pad_begin[a]);
    const auto first = static_cast<ptrdiff_t>(g.first[a]);
    t.offset[a] = geometry.transposed
                      ? (first + pad - reach) / static_cast<ptrdiff_t>(geometry.stride[a])
                      : reach - pad;
  }
  return t;
}

bool Samples(const PackedGrid& g) {
  bool samples = g.dense && g.taps.size() == 1;
  for (int a = 0; a < 3 && samples; ++a)
    samples = g.taps[0].offset[a] == 0 && (g.size[a] - 1) * g.step[a] < g.in[a];
  return samples;
}

}  // namespace

PackedGrid MakePackedGrid(const ConvGeometry& geometry, const PackedWeights::Phase& phase,
                          const ConvShape& shape) {
  PackedGrid g = {};
  g.phase = &phase;
  g.dense = true;
  for (int a = 0; a < 3; ++a) {
    const size_t stride = geometry.stride[a], out = shape.out[a];
    g.in[a] = shape.in[a];
    g.out[a] = out;
    if (geometry.transposed) {
      // The first output o with (o + pad) % stride == residue.
      g.first[a] = (phase.residue[a] + stride - shape.pad_begin[a] % stride) % stride;
      g.spread[a] = stride;
      g.size[a] = out > g.first[a] ? CeilDiv(out - g.first[a], stride) : 0;
      g.step[a] = 1;
      g.dense = g.dense && stride == 1;
    } else {
      g.spread[a] = 1;
      g.size[a] = out;
      g.step[a] = stride;
    }
  }
  for (size_t tap : phase.taps) g.taps.push_back(TapOf(geometry, g, shape, tap));
  g.pixels = Volume(g.size);
  g.samples = g.pixels > 0 && Samples(g);
  g.pointwise = g.samples && std::equal(g.size, g.size + 3, g.in);
  if (g.pointwise) {
    // One row: its columns are then contiguous in the input.
    g.size[2] = g.in[2] = g.pixels;
    g.size[0] = g.size[1] = g.in[0] = g.in[1] = 1;
    std::fill_n(g.step, 3, 1);
  }
  return g;
}

}  // namespace convfuse
