#include "ops/normalise.h"

#include <algorithm>

#include "ops/integers.h"

namespace convfuse {
namespace {

// Elements of a task: some ten microseconds of sums.
constexpr size_t kTaskElements = 16 << 10;

// Calls run(first, count) for tasks of rows of so many elements.
template <class Run>
void ForRows(size_t rows, size_t size, ThreadPool& pool, size_t threads, const Run& run) {
  const size_t each = CeilDiv(kTaskElements, std::max<size_t>(1, size));
  pool.ParallelFor(CeilDiv(rows, each), threads, [&](size_t task, size_t) {
    run(task * each, std::min(each, rows - task * each));
  });
}

}  // namespace

void RunNormalise(const KernelTable& table, const NormaliseRows& rows, ThreadPool& pool,
                  size_t threads) {
  const size_t size = rows.parts * rows.plane;
  ForRows(rows.rows, size, pool, threads, [&](size_t first, size_t count) {
    NormaliseRows some = rows;
    some.x += first * size;
    some.y += first * size;
    some.first += first;
    some.rows = count;
    table.normalise(some);
  });
}

void RunSums(const KernelTable& table, const SumRows& rows, ThreadPool& pool, size_t threads) {
  ForRows(rows.rows, rows.size, pool, threads, [&](size_t first, size_t count) {
    table.sum_rows({rows.x + first * rows.size, rows.y + first, count, rows.size, rows.divisor});
  });
}

}  // namespace convfuse
