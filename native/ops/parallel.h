// Threads for kernels that never see one.
#pragma once
#include <stddef.h>

#include <functional>
#include <memory>

namespace convfuse {

// Workers that sleep between runs.  One pool serves all layers of a Node environment; several
// callers may use it at once (each ParallelFor is independent), and the caller always helps, so a
// pool without workers, or one whose workers are busy, still makes progress.
class ThreadPool {
 public:
  // `workers` threads besides the callers; 0 is fine.  Grows on demand, up to kMaxThreads.
  explicit ThreadPool(size_t workers);
  ~ThreadPool();  // joins; no ParallelFor may be running
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  static constexpr size_t kMaxThreads = 64;

  // Calls body(task, slot) for every task in [0, tasks), on at most `threads` threads of which
  // the caller is one.  slot < threads names the thread, for per-thread scratch.  Slot t starts
  // with the same contiguous slice of tasks every time and steals when it runs dry, so that data
  // stays in the caches it was left in.  body must not throw.  Returns when all are done.
  void ParallelFor(size_t tasks, size_t threads,
                   const std::function<void(size_t task, size_t slot)>& body);

  // Runs `job` on a thread of its own queue, for asynchronous calls.  Destruction drops the jobs
  // that have not started: their owner must have cancelled and accounted for them.
  void Post(std::function<void()> job);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace convfuse
