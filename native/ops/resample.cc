#include "ops/resample.h"

#include <algorithm>

#include "ops/integers.h"
#include "ops/workspace.h"

namespace convfuse {
namespace {

// Outputs of a task: some ten microseconds of copies and sums.
constexpr size_t kTaskOutputs = 32 << 10;

}  // namespace

void RunResample(const KernelTable& table, const ResamplePlanes& p, ThreadPool& pool,
                 size_t threads) {
  const size_t in = p.axis[0].in * p.axis[1].in, out = p.axis[0].out * p.axis[1].out;
  if (p.planes * out == 0) return;
  const size_t each = CeilDiv(kTaskOutputs, out), tasks = CeilDiv(p.planes, each);
  threads = std::min({std::max<size_t>(1, threads), ThreadPool::kMaxThreads, tasks});
  const size_t row = RoundUp(p.axis[1].in + kResampleSlack, 16);
  const AlignedBuffer rows(threads * row);
  pool.ParallelFor(tasks, threads, [&](size_t task, size_t slot) {
    ResamplePlanes some = p;
    some.x += task * each * in;
    some.y += task * each * out;
    some.planes = std::min(each, p.planes - task * each);
    some.row = rows.data() + slot * row;
    table.resample(some);
  });
}

void RunBlockedResample(const KernelTable& table, const BlockedResamplePlanes& p, ThreadPool& pool,
                        size_t threads) {
  const ResampleAxis(&axis)[2] = p.axis;
  const BlockedStrides x(p.x_layout, table.lanes, p.channels, axis[0].in, axis[1].in);
  const BlockedStrides y(p.y_layout, table.lanes, p.channels, axis[0].out, axis[1].out);
  const size_t blocks = p.batch * CeilDiv(p.channels, table.lanes);
  if (blocks * axis[0].out * axis[1].out == 0) return;
  threads = std::min({std::max<size_t>(1, threads), ThreadPool::kMaxThreads, blocks});
  const size_t row = RoundUp(axis[1].in * table.lanes, 16);
  const AlignedBuffer rows(threads * row);
  const size_t each = CeilDiv(kTaskOutputs, axis[0].out * axis[1].out * table.lanes);
  pool.ParallelFor(CeilDiv(blocks, each), threads, [&](size_t task, size_t slot) {
    for (size_t b = task * each; b < std::min(blocks, (task + 1) * each); ++b)
      table.resample_block({{axis[0], axis[1]}, p.x + b * x.block + x.origin, x.row,
                            p.y + b * y.block + y.origin, y.row, rows.data() + slot * row});
  });
}

}  // namespace convfuse
