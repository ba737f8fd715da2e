// Rounding of sizes.
#pragma once
#include <stddef.h>

namespace convfuse {

inline size_t CeilDiv(size_t a, size_t b) { return (a + b - 1) / b; }
inline size_t RoundUp(size_t a, size_t multiple) { return CeilDiv(a, multiple) * multiple; }

}  // namespace convfuse
