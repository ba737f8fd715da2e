// Normalisation and sums of rows, divided among threads; kernels/normalise.h has the formulas.
#pragma once
#include "kernels/table.h"
#include "ops/parallel.h"

namespace convfuse {

// Bit-identical for any number of threads, both.
void RunNormalise(const KernelTable& table, const NormaliseRows& rows, ThreadPool& pool,
                  size_t threads);
void RunSums(const KernelTable& table, const SumRows& rows, ThreadPool& pool, size_t threads);

}  // namespace convfuse
