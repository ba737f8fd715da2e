#include "ops/resample.h"

#include <algorithm>

#include "ops/integers.h"

namespace convfuse {
namespace {

// Outputs of a task: some ten microseconds of copies and sums.
constexpr size_t kTaskOutputs = 32 << 10;

// Whether resampling the width first takes fewer sums, because y has more rows than x, and is
// possible (ResamplePlanes::columns_first).
bool ColumnsFirst(const ResampleAxis& height, const ResampleAxis& width) {
  if (!height.weight || !width.weight || height.out <= height.in || height.width > kResampleRows)
    return false;
  for (size_t o = 0; o < height.out; ++o) {
    size_t first = height.in, last = 0;
    for (size_t t = o * height.width; t < (o + 1) * height.width; ++t) {
      if (height.weight[t] == 0) continue;
      first = std::min(first, static_cast<size_t>(height.index[t]));
      last = std::max(last, static_cast<size_t>(height.index[t]));
    }
    if (last >= first + kResampleRows) return false;
  }
  return true;
}

}  // namespace

void RunResample(const KernelTable& table, const ResamplePlanes& p, ThreadPool& pool,
                 WorkspacePool& workspaces, size_t threads) {
  const size_t in = p.axis[0].in * p.axis[1].in, out = p.axis[0].out * p.axis[1].out;
  if (p.planes * out == 0) return;
  const size_t each = CeilDiv(kTaskOutputs, out), tasks = CeilDiv(p.planes, each);
  threads = std::min({std::max<size_t>(1, threads), ThreadPool::kMaxThreads, tasks});
  const bool columns_first = ColumnsFirst(p.axis[0], p.axis[1]);
  const size_t row = columns_first
                         ? RoundUp(kResampleRows * (p.axis[1].out + kResampleSlack), 16)
                         : RoundUp(p.axis[1].in + kResampleSlack, 16);
  const WorkspacePool::Lease rows(workspaces, threads * row);
  pool.ParallelFor(tasks, threads, [&](size_t task, size_t slot) {
    ResamplePlanes some = p;
    some.x += task * each * in;
    some.y += task * each * out;
    some.planes = std::min(each, p.planes - task * each);
    some.columns_first = columns_first;
    some.row = rows.data() + slot * row;
    table.resample(some);
  });
}

void RunBlockedResample(const KernelTable& table, const BlockedResamplePlanes& p, ThreadPool& pool,
                        WorkspacePool& workspaces, size_t threads) {
  const ResampleAxis(&axis)[2] = p.axis;
  const BlockedStrides x(p.x_layout, table.lanes, p.channels, axis[0].in, axis[1].in);
  const BlockedStrides y(p.y_layout, table.lanes, p.channels, axis[0].out, axis[1].out);
  const size_t blocks = p.batch * CeilDiv(p.channels, table.lanes);
  if (blocks * axis[0].out * axis[1].out == 0) return;
  threads = std::min({std::max<size_t>(1, threads), ThreadPool::kMaxThreads, blocks});
  const size_t row = RoundUp(axis[1].in * table.lanes, 16);
  const WorkspacePool::Lease rows(workspaces, threads * row);
  const size_t each = CeilDiv(kTaskOutputs, axis[0].out * axis[1].out * table.lanes);
  pool.ParallelFor(CeilDiv(blocks, each), threads, [&](size_t task, size_t slot) {
    for (size_t b = task * each; b < std::min(blocks, (task + 1) * each); ++b)
      table.resample_block({{axis[0], axis[1]}, p.x + b * x.block + x.origin, x.row,
                            p.y + b * y.block + y.origin, y.row, rows.data() + slot * row});
  });
}

}  // namespace convfuse
