// Which input each output of a packed convolution reads: the columns of its B matrix.
#pragma once
#include "kernels/gemm_tile.h"
#include "ops/conv_packed.h"
#include "ops/layer.h"

namespace convfuse {

// A phase of PackedWeights on one input shape.  Column j = (z, y, x) of B stands for the output at
// first + spread * j, and at a tap it reads the input at step * j + offset.
struct PackedGrid {
  const PackedWeights::Phase* phase;
  size_t first[3], spread[3];
  size_t size[3];  // columns
  size_t step[3];
  size_t in[3], out[3];
  std::vector<Tap> taps;
  size_t pixels;   // columns in all
  bool dense;      // consecutive columns are consecutive outputs
  bool samples;    // each output reads one input of a channel, and none reads padding
  bool pointwise;  // every input is read: each channel is a row of B where it lies
};

PackedGrid MakePackedGrid(const ConvGeometry& geometry, const PackedWeights::Phase& phase,
                          const ConvShape& shape);

}  // namespace convfuse
