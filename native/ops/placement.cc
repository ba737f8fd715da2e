#include "ops/placement.h"

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace convfuse {

#if defined(__linux__)

int CurrentCpu() { return sched_getcpu(); }

void Placement::Attach() { thread_ = static_cast<int>(syscall(SYS_gettid)); }

void Placement::Avoid(int cpu) {
  if (thread_ == 0 || cpu == avoided_ || cpu < 0 || cpu >= CPU_SETSIZE) return;
  cpu_set_t now, callers;
  if (sched_getaffinity(thread_, sizeof now, &now) != 0) return;
  if (avoided_ < 0 || !CPU_EQUAL(&now, &left_)) {
    // Somebody else has set the mask since.  The CPU that we withdrew is given back, unless the
    // calling thread may not use it either: then they withdrew it.
    allowed_ = now;
    if (avoided_ >= 0 && sched_getaffinity(0, sizeof callers, &callers) == 0 &&
        CPU_ISSET(avoided_, &callers))
      CPU_SET(avoided_, &allowed_);
  }
  left_ = allowed_;
  CPU_CLR(cpu, &left_);
  if (CPU_COUNT(&left_) == 0) left_ = allowed_;
  if (sched_setaffinity(thread_, sizeof left_, &left_) == 0) avoided_ = cpu;
}

#else

int CurrentCpu() { return -1; }
void Placement::Attach() {}
void Placement::Avoid(int) {}

#endif

}  // namespace convfuse
