// Keeps workers off the CPU of the thread that waits for them.
//
// A thread is woken where it ran last or where its waker runs, unless the system knows of an idle
// CPU; virtual machines whose idle CPUs are halted look as if they had none.  A worker that lands
// behind its caller waits there until the caller has done all the work by itself, for milliseconds.
#pragma once

#if defined(__linux__)
#include <sched.h>
#endif

namespace convfuse {

// The CPU this thread runs on; -1 where the system does not tell.
int CurrentCpu();

// Where one worker may run.  Calls must not overlap.
class Placement {
 public:
  // The calling thread is the worker.
  void Attach();

  // Lets the worker run on all CPUs it was allowed, but this one: it is the calling thread's.  No
  // other is withdrawn, and none at all if the worker has no other.  Costs nothing while the CPU
  // stays the same.  Without effect before Attach, and where the system refuses.
  void Avoid(int cpu);

 private:
#if defined(__linux__)
  int thread_ = 0, avoided_ = -1;
  cpu_set_t allowed_ = {}, left_ = {};
#endif
};

}  // namespace convfuse
