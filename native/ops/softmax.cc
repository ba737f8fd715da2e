#include "ops/softmax.h"

#include <algorithm>

#include "ops/integers.h"

namespace convfuse {
namespace {

// Elements of a task: some ten microseconds of exponentials.
constexpr size_t kTaskElements = 8 << 10;

}  // namespace

void RunSoftmax(const KernelTable& table, const SoftmaxAxis& a, ThreadPool& pool,
                size_t threads) {
  if (a.outer * a.size * a.inner == 0) return;
  const size_t worth = CeilDiv(kTaskElements, a.size);
  if (a.inner == 1) {
    pool.ParallelFor(CeilDiv(a.outer, worth), threads, [&](size_t task, size_t) {
      const size_t first = task * worth, at = first * a.size;
      table.softmax({a.log, a.x + at, a.y + at, std::min(worth, a.outer - first), a.size, 1});
    });
    return;
  }
  // Whole vectors of neighbouring rows.
  const size_t each = RoundUp(std::min(worth, a.inner), table.lanes);
  const size_t parts = CeilDiv(a.inner, each);
  pool.ParallelFor(a.outer * parts, threads, [&](size_t task, size_t) {
    const size_t first = task % parts * each, at = task / parts * a.size * a.inner + first;
    table.softmax({a.log, a.x + at, a.y + at, std::min(each, a.inner - first), a.size, a.inner});
  });
}

}  // namespace convfuse
