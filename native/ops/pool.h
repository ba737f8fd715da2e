// Pools over many planes, divided among threads.
#pragma once
#include "kernels/table.h"
#include "ops/layout.h"
#include "ops/parallel.h"
#include "ops/workspace.h"

namespace convfuse {

// Makes lines, divisor and scratch itself, and ignores those of `planes`.  Bit-identical for any
// number of threads.  Throws std::bad_alloc.
void RunPool(const KernelTable& table, const PoolPlanes& planes, ThreadPool& pool,
             WorkspacePool& workspaces, size_t threads);

// Planes in blocks; only pixels inside the halo of y are written.
struct BlockedPoolPlanes {
  bool mean;
  PoolAxis axis[2];  // height, width
  size_t batch, channels;
  const float* x;
  Layout x_layout;
  float* y;
  Layout y_layout;
};
// Bit-identical for any number of threads.  Throws std::bad_alloc.
void RunBlockedPool(const KernelTable& table, const BlockedPoolPlanes& planes, ThreadPool& pool,
                    WorkspacePool& workspaces, size_t threads);

// Whether one window is the whole axis.
bool IsWhole(const PoolAxis& axis);

}  // namespace convfuse
