// Softmax along an axis of a tensor, divided among threads.
#pragma once
#include "kernels/table.h"
#include "ops/parallel.h"

namespace convfuse {

// Over the middle axis of a dense [outer, size, inner]; kernels/softmax.h has the formula.
struct SoftmaxAxis {
  bool log;
  const float* x;
  float* y;
  size_t outer, size, inner;
};

// Bit-identical for any number of threads.
void RunSoftmax(const KernelTable& table, const SoftmaxAxis& axis, ThreadPool& pool,
                size_t threads);

}  // namespace convfuse
