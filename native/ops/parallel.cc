#include "ops/parallel.h"

#if defined(__linux__)
#include <sched.h>
#endif

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace convfuse {
namespace {

// Long enough to bridge the gap between two layers of a network, short enough to leave the core
// to others: a woken thread costs about this much anyway.
constexpr auto kSpin = std::chrono::microseconds(30);

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

// The CPU this thread runs on; -1 where the system does not tell.
int Cpu() {
#if defined(__linux__)
  return sched_getcpu();
#else
  return -1;
#endif
}

// Lets this thread go on on any other CPU.  A thread is woken where it ran last, if that is where
// its waker runs too: on machines whose CPUs share no cache it then waits there for the waker to
// end, and does so each time.
void LeaveCpu(int cpu) {
#if defined(__linux__)
  cpu_set_t allowed, others;
  if (cpu < 0 || cpu >= CPU_SETSIZE || sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  others = allowed;
  CPU_CLR(cpu, &others);
  // Failing is fine: the thread stays where it is.
  if (CPU_COUNT(&others) > 0 && sched_setaffinity(0, sizeof others, &others) == 0)
    sched_setaffinity(0, sizeof allowed, &allowed);
#else
  static_cast<void>(cpu);
#endif
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
  std::mutex mutex;
  std::condition_variable work, done, posted;
  std::vector<Job*> jobs;  // with free slots, oldest first
  int caller_cpu = -1;     // where the latest caller runs
  std::atomic<uint64_t> offers{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> workers;
  std::deque<std::function<void()>> queue;
  std::thread queue_thread;

  void Remove(Job* job) {
    for (size_t i = 0; i < jobs.size(); ++i)
      if (jobs[i] == job) {
        jobs.erase(jobs.begin() + static_cast<ptrdiff_t>(i));
        return;
      }
  }

  void Worker(size_t index) {
    std::unique_lock<std::mutex> lock(mutex);
    while (!stop) {
      if (jobs.empty()) {
        const uint64_t seen = offers.load(std::memory_order_relaxed);
        lock.unlock();
        SpinUntil([&] { return offers.load(std::memory_order_relaxed) != seen || stop; });
        lock.lock();
        while (!stop && jobs.empty()) {
          work.wait(lock);
          // Also when it comes too late, which is how it shows.
          if (caller_cpu < 0 || Cpu() != caller_cpu) continue;
          const int cpu = caller_cpu;
          lock.unlock();
          LeaveCpu(cpu);
          lock.lock();
        }
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
    try {
      while (workers.size() < wanted && workers.size() + 1 < kMaxThreads) {
        const size_t index = workers.size();
        workers.emplace_back([this, index] { Worker(index); });
      }
    } catch (const std::system_error&) {
    }
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
  for (std::thread& t : state_->workers) t.join();
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
    s.caller_cpu = Cpu();
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
