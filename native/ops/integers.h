// Rounding and cutting of sizes.
#pragma once
#include <stddef.h>

namespace convfuse {

inline size_t CeilDiv(size_t a, size_t b) { return (a + b - 1) / b; }
inline size_t RoundUp(size_t a, size_t multiple) { return CeilDiv(a, multiple) * multiple; }

// Where part i begins when `all` is cut into n parts that differ by 1 at the most, so that threads
// with equally many parts have equal work.
inline size_t EvenCut(size_t all, size_t i, size_t n) { return all * i / n; }

}  // namespace convfuse
