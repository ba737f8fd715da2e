// Where the elements of an activation lie: dense [N, C, H, W], or blocked
// [N, ceil(C / lanes), top + H + bottom, left + W + right, lanes] with zeros in the halo.
#pragma once
#include <stddef.h>

#include "ops/integers.h"

namespace convfuse {

struct Layout {
  bool blocked = false;
  size_t top = 0, left = 0, bottom = 0, right = 0;  // the halo of a blocked one

  bool operator==(const Layout& o) const {
    return blocked == o.blocked && top == o.top && left == o.left && bottom == o.bottom &&
           right == o.right;
  }
};

// Strides in floats of a blocked activation.
struct BlockedStrides {
  size_t row, block, image;
  size_t origin;  // of the first pixel inside the halo

  BlockedStrides(const Layout& l, size_t lanes, size_t channels, size_t height, size_t width)
      : row((l.left + width + l.right) * lanes),
        block((l.top + height + l.bottom) * row),
        image(CeilDiv(channels, lanes) * block),
        origin(l.top * row + l.left * lanes) {}

  // The first pixel of row y.
  size_t At(size_t n, size_t b, size_t y) const {
    return n * image + b * block + origin + y * row;
  }
};

}  // namespace convfuse
