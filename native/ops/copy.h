// Elements moved from one place to another: slices, joins, transpositions and repetitions.
#pragma once
#include <stddef.h>

#include "kernels/table.h"
#include "ops/parallel.h"

namespace convfuse {

constexpr size_t kMaxCopyRank = 8;

// For all indices i: y[sum i[a] * axis[a].to] = x[sum i[a] * axis[a].from], elements of 1, 2, 4 or
// 8 bytes, strides in elements and of either sign.  No two indices may give the same place in y.
struct CopyAxis {
  size_t size;
  ptrdiff_t from, to;
};
struct StridedCopy {
  size_t bytes;  // of an element
  size_t rank;
  CopyAxis axis[kMaxCopyRank];
  const char* x;
  char* y;
};

void RunCopy(const KernelTable& table, const StridedCopy& copy, ThreadPool& pool, size_t threads);

}  // namespace convfuse
