// The pixels of a part of a direct convolution, range by range: pixels of a range have the same
// taps inside the input, and tiles multiply no others.
#pragma once
#include <algorithm>

#include "kernels/direct.h"
#include "ops/conv_direct.h"
#include "ops/output_store.h"
#include "ops/tap_parts.h"

namespace convfuse {

struct PixelRange {
  size_t begin, end;  // pixels of the part, counted row by row and image by image
  size_t width;       // of a row
  size_t joined;      // pixels of the rows of an image that follow each other
  // Index of the first product, in a list that has all products of each range of columns in turn
  // (LocateProducts), and how many of the same block and columns come before it.
  size_t product, left_out;
};

class InsideWalk {
 public:
  // Weights by taps leave out products of padding; with others, all pixels have all taps.
  InsideWalk(const ConvLayer& layer, const ConvShape& shape, const DirectWeights& weights)
      : geometry_(layer.geometry), weights_(weights), channels_(layer.table->direct_channels),
        inside_(Skips() ? TapPartsOf(layer, shape) : AllTaps(layer, shape)) {}

  bool Skips() const { return weights_.order() == WeightOrder::kByTaps; }
  const std::vector<AxisPart>& columns() const { return inside_.columns; }

  // Calls body(tile, range) for all pixels of some images, with a block of products.  `tile` has
  // the chains and the weights of all taps; those of the range are set for each call.
  template <class Body>
  void ForEach(const BlockedTile& all, const OutputPart& part, size_t images, size_t block,
               const Body& body) const {
    const size_t elements = weights_.Elements(block), before = weights_.ElementBegin(block);
    size_t list = 0;  // where the products of a range of columns begin
    for (const AxisPart& wide : inside_.columns) {
      for (const AxisPart& high : inside_.rows) {
        const size_t from = std::max(high.begin, part.row);
        const size_t to = std::min(high.end, part.row + part.rows);
        if (from >= to) continue;
        BlockedTile tile = all;
        const size_t chain = wide.Taps() * elements;
        const size_t others = (geometry_.kernel[2] - wide.Taps()) * elements;
        // With all columns of the kernel, the products of its rows follow each other and are one
        // chain; otherwise each row of taps is a chain.
        tile.k = others == 0 ? high.Taps() * chain : high.Taps() > 0 ? chain : 0;
        if (others > 0) {
          tile.chains = std::max<size_t>(1, high.Taps());
          tile.chain_jump = others * channels_;
        }
        tile.weight += (high.first * geometry_.kernel[2] + wide.first) * elements * channels_;
        PixelRange range = {};
        range.left_out = high.first * chain;
        range.product = list + before * geometry_.kernel[1] * wide.Taps() + range.left_out;
        const Window window = {from - part.row, to - from, wide.begin, wide.end - wide.begin};
        ForEachRun(part, images, window, &range, [&] { body(tile, range); });
      }
      list += weights_.ElementBegin(weights_.blocks()) * geometry_.kernel[1] * wide.Taps();
    }
  }

 private:
  struct Window {
    size_t row, rows, column, width;  // of a part
  };

  // Sets the pixels of a window, which follow each other where they are whole rows or whole images.
  template <class Body>
  static void ForEachRun(const OutputPart& part, size_t images, const Window& window,
                         PixelRange* range, const Body& body) {
    const size_t plane = part.rows * part.width;
    const bool whole_rows = window.width == part.width;
    const bool whole_images = whole_rows && window.rows == part.rows;
    range->width = window.width;
    range->joined = window.width * (whole_rows ? window.rows : 1);
    const size_t run = whole_images ? images * plane : range->joined;
    for (size_t first = 0; first < images * plane; first += whole_images ? run : plane)
      for (size_t y = 0; y < window.rows; y += whole_rows ? window.rows : 1) {
        range->begin = first + (window.row + y) * part.width + window.column;
        range->end = range->begin + run;
        body();
      }
  }

  const ConvGeometry& geometry_;
  const DirectWeights& weights_;
  size_t channels_;
  TapParts inside_;
};

}  // namespace convfuse
