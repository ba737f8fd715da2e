// Dense matrix product for Gemm and MatMul, whose second operand may be computed at run time.
#pragma once
#include <stddef.h>

#include <atomic>

#include "kernels/table.h"
#include "ops/parallel.h"
#include "ops/workspace.h"

namespace convfuse {

// Products that are summed before they are added to the rest: about as accurate as convolutions by
// default (docs/numerics.md).
constexpr size_t kBlockK = 256;

// C[m, n] = alpha * sum_k A[m, k] * B[k, n] + beta * C[m, n], row major and dense.  A is stored [k,
// m] with trans_a, B [n, k] with trans_b.  With beta == 0, C is not read.  C aliases neither.
// `count` such products: the matrices of A, of B and of C each lie one behind the other.
// Bit-identical for any thread count.  Throws std::bad_alloc.
struct GemmCall {
  const float* a;
  const float* b;
  float* c;
  size_t m, n, k;
  bool trans_a, trans_b;
  float alpha, beta;
  size_t count = 1;
};
void Gemm(const KernelTable& table, const GemmCall& call, ThreadPool& pool,
          WorkspacePool& workspaces, size_t threads);

}  // namespace convfuse
