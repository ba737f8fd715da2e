// Products of rows with a matrix by the tile of the direct kernel on blocks (kernels/direct.h):
// rows of A are its pixels, columns of B its channels.  A is read where it lies.
#pragma once
#include <stddef.h>

#include <vector>

#include "ops/epilogue.h"
#include "ops/workspace.h"

namespace convfuse {

// Products of any number of rows of k elements with matrices [k, n], which are cut into slices of
// `width` columns.
class LinearTiles {
 public:
  // The largest n and k: offsets in a tile have 32 bits.
  static constexpr size_t kMostSize = size_t{1} << 26;

  // The activation has at most one slope, which is copied.  Throws std::bad_alloc.
  LinearTiles(const KernelTable& table, size_t n, size_t k, const Activation& activation);
  LinearTiles(const LinearTiles&) = delete;
  LinearTiles& operator=(const LinearTiles&) = delete;

  size_t width() const { return width_; }
  size_t slices() const { return slices_; }
  // Rows that are multiplied at a time: with kBlockK, 128 KB, a quarter of a 512 KB L2.
  static constexpr size_t kBlockRows = 128;

  // Some rows, and of their columns the slices [slice, end).
  struct Part {
    const float* a;
    const float* packed;  // [slice][k][width], or null: b is packed as it is needed
    const float* b;
    bool trans_b;
    const float* bias;      // [slice][width], or null
    const float* residual;  // or null; may be out
    float* out;
    size_t rows, slice, end;
  };
  // What Run needs for so many rows; `packed`: whether Part::packed is set.
  size_t ScratchFloats(size_t rows, bool packed) const;
  void Run(const Part& part, float* scratch) const;

  // out[i][width] = row k + i of the slice's columns of b [k, n], or [n, k] with trans_b, i <
  // count; zeros past the last column.
  void Pack(const float* b, bool trans_b, size_t slice, size_t k, size_t count, float* out) const;

 private:
  void MultiplySlice(const Part& part, size_t slice, float* scratch) const;
  void Finish(const float* sums, const float* residual, size_t cols, float* out) const;

  const KernelTable& table_;
  size_t n_, k_;
  size_t width_, slices_;  // columns of a slice, as wide as a tile
  float slope_ = 0;
  Activation activation_;
  Epilogue epilogue_;
  std::vector<BlockedProduct> products_;
  // Offsets from the first row of a tile to each of its rows, in A, in the output and in the sums.
  std::vector<uint32_t> a_at_, out_at_, sums_at_;
};

}  // namespace convfuse
