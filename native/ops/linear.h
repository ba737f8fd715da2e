// Products with a matrix that is the same in every run: fully connected layers, Gemm and MatMul
// with constant weights.
#pragma once
#include <stddef.h>

#include <memory>

#include "ops/linear_tiles.h"
#include "ops/parallel.h"
#include "ops/workspace.h"

namespace convfuse {

struct LinearOptions {
  const KernelTable* table;
  Activation activation;  // with one slope at most
  std::shared_ptr<WorkspacePool> workspaces;
};

// out[m, n] = activation(sum_k a[m, k] * b[k, n] + bias[n] + residual[m, n]), row major and dense.
// b is packed once.
class Linear {
 public:
  static constexpr size_t kMostSize = LinearTiles::kMostSize;

  // Copies all it is given.  b is stored [n, k] with trans_b; bias may be null.  n and k are 1 ..
  // kMostSize.  Throws std::bad_alloc.
  Linear(const float* b, size_t n, size_t k, bool trans_b, const float* bias,
         const LinearOptions& options);
  Linear(const Linear&) = delete;
  Linear& operator=(const Linear&) = delete;

  size_t n() const { return n_; }
  size_t k() const { return k_; }

  // residual may be null; out overlaps neither it nor a.  Bit-identical for any thread count.
  // Throws std::bad_alloc.
  void Run(const float* a, size_t m, const float* residual, float* out, ThreadPool& pool,
           size_t threads) const;

 private:
  const KernelTable& table_;
  size_t n_, k_;
  LinearTiles tiles_;
  AlignedBuffer b_;     // [slice][k][width]
  AlignedBuffer bias_;  // [slice][width]
  std::shared_ptr<WorkspacePool> workspaces_;
};

}  // namespace convfuse
