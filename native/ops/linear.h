// Products with a matrix that is the same in every run: fully connected layers, Gemm and MatMul with
// constant weights.
#pragma once
#include <stddef.h>

#include <memory>
#include <vector>

#include "ops/epilogue.h"
#include "ops/parallel.h"
#include "ops/workspace.h"

namespace convfuse {

struct LinearOptions {
  const KernelTable* table;
  Activation activation;  // with one slope, where it has any
  std::shared_ptr<WorkspacePool> workspaces;
};

// out[m, n] = activation(sum_k a[m, k] * b[k, n] + bias[n] + residual[m, n]), row major and dense.  b is
// packed once.
class Linear {
 public:
  // Most columns and products: a tile's positions are 32-bit numbers.
  static constexpr size_t kMostSize = size_t{1} << 26;

  // Copies all it is given.  b is stored [n, k] with trans_b; bias may be null.  n and k are 1 ..
  // kMostSize.  Throws std::bad_alloc.
  Linear(const float* b, size_t n, size_t k, bool trans_b, const float* bias,
         const LinearOptions& options);
  Linear(const Linear&) = delete;
  Linear& operator=(const Linear&) = delete;

  size_t n() const { return n_; }
  size_t k() const { return k_; }

  // residual may be null; out overlaps neither it nor a.  Bit-identical for any thread count.  Throws
  // std::bad_alloc.
  void Run(const float* a, size_t m, const float* residual, float* out, ThreadPool& pool,
           size_t threads) const;

 private:
  struct Part;

  void RunPart(const Part& part, float* sums) const;
  void MultiplySlice(const Part& part, size_t slice, float* sums) const;
  void Finish(const float* sums, const float* residual, size_t cols, float* out) const;

  const KernelTable& table_;
  size_t n_, k_;
  size_t width_, slices_;  // columns of a slice, as wide as a tile
  AlignedBuffer b_;        // [slice][k][width]
  AlignedBuffer bias_;     // [slice][width]
  float slope_ = 0;
  Activation activation_;
  Epilogue epilogue_;
  std::vector<BlockedProduct> products_;
  // From the first row of a tile to the others.
  std::vector<uint32_t> a_at_, out_at_, sums_at_;
  std::shared_ptr<WorkspacePool> workspaces_;
};

}  // namespace convfuse
