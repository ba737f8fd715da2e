// Workers may run on every CPU that they are allowed except their caller's, wherever the caller
// goes.
#include "ops/placement.h"

#include "test/suites.h"

#if defined(__linux__)
#include <atomic>
#include <thread>
#include <vector>

#include "ops/parallel.h"
#endif

namespace convfuse::test {

#if defined(__linux__)
namespace {

cpu_set_t Allowed() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  return set;
}

cpu_set_t Only(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return set;
}

// Whether the system moves this thread where it is told to, at once, and says so.
bool Obeys(const cpu_set_t& all, const std::vector<int>& cpus) {
  bool obeys = true;
  for (const int cpu : cpus) {
    const cpu_set_t one = Only(cpu);
    obeys = obeys && sched_setaffinity(0, sizeof one, &one) == 0 && CurrentCpu() == cpu;
  }
  return sched_setaffinity(0, sizeof all, &all) == 0 && obeys;
}

// Runs body on the one worker of a pool.
template <class Body>
void OnWorker(ThreadPool& pool, const Body& body) {
  std::atomic<int> begun{0};
  pool.ParallelFor(2, 2, [&](size_t, size_t slot) {
    for (begun++; begun < 2;) std::this_thread::yield();  // one task each
    if (slot == 1) body();
  });
}

void TestCallerMoves(const cpu_set_t& all, const std::vector<int>& cpus) {
  ThreadPool pool(1);
  for (int round = 0; round < 3; ++round)
    for (const int cpu : cpus) {
      const cpu_set_t one = Only(cpu);
      sched_setaffinity(0, sizeof one, &one);
      cpu_set_t worker, expected = all;
      CPU_CLR(cpu, &expected);
      int at = -1;
      OnWorker(pool, [&] {
        worker = Allowed();
        at = CurrentCpu();
      });
      Check(at >= 0 && at != cpu, "a worker runs beside its caller");
      Check(CPU_EQUAL(&worker, &expected), "a worker is kept off its caller's CPU alone");
    }
  sched_setaffinity(0, sizeof all, &all);
}

// What somebody else forbids a worker stays forbidden.
void TestOthersDecide(const std::vector<int>& cpus) {
  ThreadPool pool(1);
  const cpu_set_t all = Allowed(), first = Only(cpus[0]);
  const auto move = [&](int cpu) {
    const cpu_set_t one = Only(cpu);
    sched_setaffinity(0, sizeof one, &one);
  };
  move(cpus[0]);  // so that it is not what the pool does
  OnWorker(pool, [&] { sched_setaffinity(0, sizeof first, &first); });
  for (const int cpu : {cpus[0], cpus[1], cpus[0]}) {
    move(cpu);
    cpu_set_t worker;
    OnWorker(pool, [&] { worker = Allowed(); });
    Check(CPU_EQUAL(&worker, &first),
          "a worker runs where it was told to, its caller's CPU or not");
  }
  sched_setaffinity(0, sizeof all, &all);
}

}  // namespace

void TestPlacement() {
  const cpu_set_t all = Allowed();
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE && cpus.size() < 4; ++cpu)
    if (CPU_ISSET(cpu, &all)) cpus.push_back(cpu);
  if (cpus.size() < 2) {
    fprintf(stderr, "placement: skipped, for there is one CPU\n");
    return;
  }
  if (!Obeys(all, cpus)) {
    fprintf(stderr, "placement: skipped, for the system does not move threads as it is told to\n");
    return;
  }
  TestCallerMoves(all, cpus);
  TestOthersDecide(cpus);
}

#else

void TestPlacement() { Check(CurrentCpu() == -1, "other systems do not tell"); }

#endif

}  // namespace convfuse::test
