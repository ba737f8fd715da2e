// A pool on blocks as a layer of a chain: computed band by band.
#pragma once
#include <stdint.h>

#include <memory>
#include <vector>

#include "ops/chain_rows.h"
#include "ops/layer.h"

namespace convfuse {

class ChainPool {
 public:
  // axis: height, width.  Every window lies inside the input; what the axes point to is copied.
  // Throws std::bad_alloc.
  ChainPool(const KernelTable& table, bool mean, size_t channels, const PoolAxis (&axis)[2]);

  const KernelTable& table() const { return table_; }
  size_t channels() const { return channels_; }
  // No rows if any window is empty, or the only one: such a pool is part of no chain.
  const ChainRows& rows() const { return rows_; }

  // Computes output rows [row, row + band.out[1]) from an x whose row 0 is the first that they
  // read.  The pool must outlive it.
  std::unique_ptr<const ConvAlgorithm> MakeBand(const ConvShape& band, size_t row) const;

 private:
  const KernelTable& table_;
  bool mean_;
  size_t channels_;
  std::vector<int32_t> windows_;
  PoolAxis axis_[2];
  ChainRows rows_;
};

}  // namespace convfuse
