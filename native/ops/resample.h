// Planes resampled, divided among threads.
#pragma once
#include "kernels/table.h"
#include "ops/layout.h"
#include "ops/parallel.h"
#include "ops/workspace.h"

namespace convfuse {

// Sets columns_first and row itself, and ignores those of `planes`.  Bit-identical for any number
// of threads.  Throws std::bad_alloc.
void RunResample(const KernelTable& table, const ResamplePlanes& planes, ThreadPool& pool,
                 WorkspacePool& workspaces, size_t threads);

// Planes in blocks; only pixels inside the halo of y are written.
struct BlockedResamplePlanes {
  ResampleAxis axis[2];  // height, width
  size_t batch, channels;
  const float* x;
  Layout x_layout;
  float* y;
  Layout y_layout;
};
void RunBlockedResample(const KernelTable& table, const BlockedResamplePlanes& planes,
                        ThreadPool& pool, WorkspacePool& workspaces, size_t threads);

}  // namespace convfuse
