// Every task runs once, on a slot below the caller's number of threads, for any number of workers
// and callers.
#include "test/suites.h"

#include <atomic>
#include <thread>
#include <vector>

#include "ops/parallel.h"

namespace convfuse::test {

void TestParallel() {
  for (size_t workers : {0, 1, 3}) {
    ThreadPool pool(workers);
    for (size_t tasks : {0, 1, 2, 7, 100})
      for (size_t threads : {0, 1, 2, 3, 8, 100}) {
        std::vector<std::atomic<int>> runs(tasks);
        std::atomic<bool> bad_slot{false};
        pool.ParallelFor(tasks, threads, [&](size_t task, size_t slot) {
          runs[task]++;
          if (slot >= threads && slot > 0) bad_slot = true;
        });
        for (auto& r : runs) Check(r == 1, "ParallelFor runs each task once");
        Check(!bad_slot, "ParallelFor slots are below the number of threads");
      }
  }
  ThreadPool pool(2);
  std::atomic<size_t> total{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c)
    callers.emplace_back([&] {
      for (int i = 0; i < 200; ++i)
        pool.ParallelFor(5, 3, [&](size_t, size_t) { total++; });
    });
  for (auto& t : callers) t.join();
  Check(total == 4 * 200 * 5, "ParallelFor serves several callers at once");
  std::atomic<int> posted{0};
  for (int i = 0; i < 10; ++i)
    pool.Post([&] { pool.ParallelFor(3, 2, [&](size_t, size_t) { posted++; }); });
  while (posted < 30) std::this_thread::yield();
}

}  // namespace convfuse::test
