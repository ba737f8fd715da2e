// An output plane cut into parts whose windows have the same taps inside the input.  All other taps
// read padding and add nothing.
#pragma once
#include <vector>

#include "ops/layer.h"

namespace convfuse {

// Outputs [begin, end) of an axis, whose taps [first, last) lie inside the input.
struct AxisPart {
  size_t begin, end, first, last;

  size_t Taps() const { return last - first; }
};

// The plane of a convolution that is not transposed, cut by rows and by columns.
struct TapParts {
  std::vector<AxisPart> rows, columns;
};

// One part: all outputs with all taps.
TapParts AllTaps(const ConvLayer& layer, const ConvShape& shape);

// Columns are one part of all taps where more parts would make tiles too short.
TapParts TapPartsOf(const ConvLayer& layer, const ConvShape& shape);

// The part of the work that TapPartsOf saves, in percent: small planes (3x3 @14: 4, @7: 18) and
// dilated windows between wide pads, as in the heads of segmentation networks.
size_t PaddingPercent(const ConvLayer& layer, const ConvShape& shape);

}  // namespace convfuse
