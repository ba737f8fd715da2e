// The rows of some channels that a band of output rows reads, copied between zeros: what the
// kernels on dense planes broadcast from, or load pixels from.
#pragma once
#include <stdint.h>

#include <vector>

#include "kernels/direct.h"
#include "ops/layer.h"

namespace convfuse {

struct PaddedRows {
  // For bands of up to `rows` rows of `width` outputs, and as many channels (or pairs of them) as
  // `elements`.  Strides are in floats; channels follow each other without a gap.
  PaddedRows(const ConvLayer& layer, size_t elements, size_t rows, size_t width);

  // Makes the distance of channels an odd number of vectors, so that equal rows of neighbouring
  // channels fall into different sets of a cache.
  void Stagger();

  // Makes the distance of rows a multiple of so many floats.
  void Widen(size_t floats);

  size_t Floats() const { return elements_ * channel_stride; }

  // Offsets from the first tap of an output to each of its products, in the order of the weights.
  std::vector<uint32_t> Offsets() const;

  // The copy of what output rows [row, row + rows) read; the caller sets `in` and `channels`.
  PaddedCopy CopyFor(const ConvShape& shape, size_t row, size_t rows, float* to) const;

  size_t width, row_stride, channel_stride;

 private:
  const ConvGeometry* geometry_;
  size_t elements_, lanes_;
};

}  // namespace convfuse
