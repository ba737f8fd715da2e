#include "ops/caches.h"

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

namespace convfuse {

size_t CacheBytes(int level) {
#if defined(_SC_LEVEL1_DCACHE_SIZE)
  const int names[] = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE};
  const long bytes = sysconf(names[level - 1]);
  return bytes > 0 ? static_cast<size_t>(bytes) : 0;
#else
  static_cast<void>(level);
  return 0;
#endif
}

}  // namespace convfuse
