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

  // The same with an odd number of vectors between channels, so that equal rows of neighbours fall
  // into other sets of a cache.
  void Stagger();

  // The same with rows of a multiple of so many floats.
  void Widen(size_t floats);

  size_t Floats() const { return elements_ * channel_stride; }

  // From the first tap of an output to each of its products, in the order of the weights.
  std::vector<uint32_t> Offsets() const;

  // How output rows [row, row + rows) get theirs; the caller adds what is copied.
  PaddedCopy CopyFor(const ConvShape& shape, size_t row, size_t rows, float* to) const;

  size_t width, row_stride, channel_stride;

 private:
  const ConvGeometry* geometry_;
  size_t elements_, lanes_;
};

}  // namespace convfuse
