#include "ops/parallel.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "ops/placement.h"

namespace convfuse {
namespace {

// Long enough to bridge the gap between two layers of a network, short enough to leave the core
// to others: a woken thread costs about this much anyway.
constexpr auto kSpin = std::chrono::microseconds(60);

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

template <class Ready>
bool SpinUntil(Ready ready) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 64; ++i) {
      if (ready()) return true;
      Pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return ready();
}

// The tasks that one slot owns and that others may steal; a cache line of its own.
struct alignas(64) Slice {
  std::atomic<size_t> next{0};
  size_t end = 0;
};

struct Job {
  const std::function<void(size_t, size_t)>* body;
  size_t threads;
  Slice slices[ThreadPool::kMaxThreads];
  // Guarded by the mutex of the pool.
  bool taken[ThreadPool::kMaxThreads] = {};
  size_t free_slots;
  std::atomic<size_t> active{0};  // workers inside; written under the mutex, polled without

  Job(size_t tasks, size_t n, const std::function<void(size_t, size_t)>& f)
      : body(&f), threads(n), free_slots(n - 1) {
    const size_t each = tasks / n, more = tasks % n;  // the first `more` slices get one more
    for (size_t i = 0, at = 0; i < n; ++i) {
      slices[i].next.store(at, std::memory_order_relaxed);
      at += each + (i < more);
      slices[i].end = at;
    }
    taken[0] = true;
  }

  void Work(size_t slot) {
    for (size_t k = 0; k < threads; ++k) {
      Slice& s = slices[(slot + k) % threads];
      while (s.next.load(std::memory_order_relaxed) < s.end) {
        const size_t task = s.next.fetch_add(1, std::memory_order_relaxed);
        if (task >= s.end) break;
        (*body)(task, slot);
      }
    }
  }

  // A worker asks for the slot it had last time: its caches hold that slice.
  size_t TakeSlot(size_t wanted) {
    if (wanted >= threads || taken[wanted])
      for (wanted = 1; taken[wanted];) ++wanted;
    taken[wanted] = true;
    --free_slots;
    return wanted;
  }
};

}  // namespace

struct ThreadPool::State {
  struct WorkerThread {
    std::thread thread;
    Placement placement;
  };

  std::mutex mutex;
  std::condition_variable work, done, posted;
  std::vector<Job*> jobs;  // with free slots, oldest first
  int caller_cpu = -1;     // where the latest caller ran
  std::atomic<uint64_t> offers{0};
  std::atomic<bool> stop{false};
  std::deque<WorkerThread> workers;  // a deque, because threads hold pointers to its elements
  std::deque<std::function<void()>> queue;
  std::thread queue_thread;

  void Remove(Job* job) {
    for (size_t i = 0; i < jobs.size(); ++i)
      if (jobs[i] == job) {
        jobs.erase(jobs.begin() + static_cast<ptrdiff_t>(i));
        return;
      }
  }

  void Worker(size_t index, Placement* placement) {
    std::unique_lock<std::mutex> lock(mutex);
    placement->Attach();
    // When a caller moves to another CPU, StandAside does this for all workers.
    placement->Avoid(caller_cpu);
    while (!stop) {
      if (jobs.empty()) {
        const uint64_t seen = offers.load(std::memory_order_relaxed);
        lock.unlock();
        const bool offered =
            SpinUntil([&] { return offers.load(std::memory_order_relaxed) != seen || stop; });
        lock.lock();
        // A short job may be done by now.  It is no reason to sleep: another one follows.
        while (!offered && !stop && jobs.empty()) work.wait(lock);
        continue;
      }
      Job* job = jobs.front();
      const size_t slot = job->TakeSlot(index + 1);
      if (job->free_slots == 0) Remove(job);
      job->active.fetch_add(1, std::memory_order_relaxed);
      lock.unlock();
      job->Work(slot);
      lock.lock();
      if (job->active.fetch_sub(1, std::memory_order_release) == 1) done.notify_all();
    }
  }

  // With the mutex held.  A system that grants no more threads is no error: callers do the work.
  void Grow(size_t wanted) {
    while (workers.size() < wanted && workers.size() + 1 < kMaxThreads) {
      const size_t index = workers.size();
      WorkerThread& worker = workers.emplace_back();
      try {
        worker.thread = std::thread([this, index, p = &worker.placement] { Worker(index, p); });
      } catch (const std::system_error&) {
        workers.pop_back();
        return;
      } catch (...) {
        workers.pop_back();
        throw;
      }
    }
  }

  // With the mutex held.
  void StandAside(int cpu) {
    if (cpu == caller_cpu) return;
    caller_cpu = cpu;
    for (WorkerThread& worker : workers) worker.placement.Avoid(cpu);
  }

  void Queue() {
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      posted.wait(lock, [&] { return stop || !queue.empty(); });
      if (stop) return;
      std::function<void()> next = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      next();
      next = nullptr;
      lock.lock();
    }
  }
};

ThreadPool::ThreadPool(size_t workers) : state_(new State) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  state_->Grow(workers);
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard<std::mutex> lock(state_->mutex);
    state_->stop = true;
  }
  state_->work.notify_all();
  state_->posted.notify_all();
  for (auto& worker : state_->workers) worker.thread.join();
  if (state_->queue_thread.joinable()) state_->queue_thread.join();
}

void ThreadPool::ParallelFor(size_t tasks, size_t threads,
                             const std::function<void(size_t task, size_t slot)>& body) {
  if (threads > kMaxThreads) threads = kMaxThreads;
  if (threads > tasks) threads = tasks;
  if (threads <= 1) {
    for (size_t i = 0; i < tasks; ++i) body(i, 0);
    return;
  }
  Job job(tasks, threads, body);
  State& s = *state_;
  {
    std::lock_guard<std::mutex> lock(s.mutex);
    s.Grow(threads - 1);
    s.jobs.push_back(&job);
    s.StandAside(CurrentCpu());
    s.offers.fetch_add(1, std::memory_order_relaxed);
  }
  for (size_t i = 1; i < threads; ++i) s.work.notify_one();
  job.Work(0);
  {
    std::lock_guard<std::mutex> lock(s.mutex);
    s.Remove(&job);
  }
  // All tasks are claimed and nobody can join; those inside finish the task they are at.
  if (SpinUntil([&] { return job.active.load(std::memory_order_acquire) == 0; })) return;
  std::unique_lock<std::mutex> lock(s.mutex);
  s.done.wait(lock, [&] { return job.active.load(std::memory_order_acquire) == 0; });
}

void ThreadPool::Post(std::function<void()> job) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  if (!state_->queue_thread.joinable())
    state_->queue_thread = std::thread([s = state_.get()] { s->Queue(); });
  state_->queue.push_back(std::move(job));
  state_->posted.notify_one();
}

}  // namespace convfuse
