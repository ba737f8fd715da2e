// Planes resampled, divided among threads.
#pragma once
#include "kernels/table.h"
#include "ops/parallel.h"

namespace convfuse {

// planes.row is ignored: each thread has its own.  Bit-identical for any number of threads.  Throws
// std::bad_alloc.
void RunResample(const KernelTable& table, const ResamplePlanes& planes, ThreadPool& pool,
                 size_t threads);

}  // namespace convfuse
