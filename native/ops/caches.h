// What the system says of the caches.
#pragma once
#include <stddef.h>

namespace convfuse {

// Bytes of the level 1 data, level 2 or level 3 cache; 0 where the system does not say.
size_t CacheBytes(int level);

}  // namespace convfuse
