// Which rows each layer of a chain computes for each band of the last layer's output, so that no
// row is computed twice.
#pragma once
#include <stddef.h>

#include <vector>

namespace convfuse {

// The rows that a layer reads: [first[y], end[y]) of its input for output row y.  Rows before 0 and
// from `in` on are zeros.  Neither `first` nor `end` decreases from row to row.
struct ChainRows {
  size_t in;  // rows of the input
  std::vector<ptrdiff_t> first, end;

  size_t Out() const { return first.size(); }
};

// A step computes output rows [begin, end) of layer `link`, perhaps none, into the buffer between
// it and the next layer.  Before, `dropped` rows leave the front of the buffer and `kept` rows move
// there, so that row 0 is the first that the next layer reads.  Behind them come zeros_before rows
// of zeros, the computed rows, and zeros_after rows of zeros.
struct ChainStep {
  size_t link;
  size_t begin, end;
  size_t dropped, kept;
  size_t zeros_before, zeros_after;

  size_t Rows() const { return end - begin; }
  // The row of the buffer at which the computed rows begin.
  size_t FirstRow() const { return kept + zeros_before; }
};

// The steps of each band that computes rows [begin, end) of the last layer, `rows` at a time,
// starting with empty buffers.  Raises capacity[i] to the rows that the buffer behind layer i must
// hold.
std::vector<std::vector<ChainStep>> ChainBands(const std::vector<ChainRows>& links, size_t begin,
                                               size_t end, size_t rows,
                                               std::vector<size_t>* capacity);

}  // namespace convfuse
