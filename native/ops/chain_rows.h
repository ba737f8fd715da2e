// Which rows each layer of a chain computes for each band of the last one's, so that none is computed
// twice.
#pragma once
#include <stddef.h>

#include <vector>

namespace convfuse {

// A layer as far as rows go: for output row y it reads rows [first[y], end[y]) of its input, some of
// which may lie above the first or below the last that there is: they are zeros.  Neither decreases
// from row to row.
struct ChainRows {
  size_t in;  // rows there are
  std::vector<ptrdiff_t> first, end;

  size_t Out() const { return first.size(); }
};

// Output rows [begin, end) of a layer, perhaps none, and what becomes of the buffer between it and the
// next one, whose first row is then the first that the next one reads: `dropped` rows leave its front,
// `kept` ones move there, and behind those come rows of zeros, the computed ones, and more zeros.
struct ChainStep {
  size_t link;
  size_t begin, end;
  size_t dropped, kept;
  size_t zeros_before, zeros_after;

  size_t Rows() const { return end - begin; }
  // In the buffer.
  size_t FirstRow() const { return kept + zeros_before; }
};

// The steps that compute rows [begin, end) of the last layer, so many at a time, starting from empty
// buffers.  Raises capacity[i] to the rows that the buffer behind layer i must hold.
std::vector<ChainStep> ChainSteps(const std::vector<ChainRows>& links, size_t begin, size_t end,
                                  size_t rows, std::vector<size_t>* capacity);

}  // namespace convfuse
