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

}  // namespace convfuse
