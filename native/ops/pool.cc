#include "ops/pool.h"

#include <algorithm>

#include "ops/integers.h"
#include "ops/workspace.h"

namespace convfuse {
namespace {

// Inputs of a task: some ten microseconds of work, so that handing it out is lost in it.
constexpr size_t kTaskInputs = 32 << 10;

}  // namespace

void RunPool(const KernelTable& table, const PoolPlanes& planes, ThreadPool& pool,
             size_t threads) {
  const PoolAxis(&axis)[3] = planes.axis;
  const size_t in = axis[0].in * axis[1].in * axis[2].in;
  const size_t out = axis[0].out * axis[1].out * axis[2].out;
  if (planes.planes * out == 0) return;
  threads = std::min(std::max<size_t>(1, threads), ThreadPool::kMaxThreads);
  const size_t each = std::max<size_t>(1, kTaskInputs / std::max<size_t>(1, in));
  const size_t tasks = CeilDiv(planes.planes, each);
  threads = std::min(threads, tasks);
  const size_t row = RoundUp(axis[2].in + kPoolSlack, 16);
  const AlignedBuffer rows(threads * row);
  pool.ParallelFor(tasks, threads, [&](size_t task, size_t slot) {
    PoolPlanes some = planes;
    some.x += task * each * in;
    some.y += task * each * out;
    some.planes = std::min(each, planes.planes - task * each);
    some.row = rows.data() + slot * row;
    table.pool(some);
  });
}

void RunBlockedPool(const KernelTable& table, const BlockedPoolPlanes& planes, ThreadPool& pool,
                    size_t threads) {
  const PoolAxis(&axis)[2] = planes.axis;
  const BlockedStrides x(planes.x_layout, table.lanes, planes.channels, axis[0].in, axis[1].in);
  const BlockedStrides y(planes.y_layout, table.lanes, planes.channels, axis[0].out, axis[1].out);
  const size_t blocks = planes.batch * CeilDiv(planes.channels, table.lanes);
  const size_t each = std::max<size_t>(1, kTaskInputs / std::max<size_t>(1, x.block));
  pool.ParallelFor(CeilDiv(blocks, each), threads, [&](size_t task, size_t) {
    for (size_t b = task * each; b < std::min(blocks, (task + 1) * each); ++b) {
      const float* from = planes.x + b * x.block + x.origin;
      float* to = planes.y + b * y.block + y.origin;
      table.blocked_pool({planes.mean, {axis[0], axis[1]}, from, x.row, to, y.row});
    }
  });
}

}  // namespace convfuse
