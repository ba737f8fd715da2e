// Memory in huge pages, for what layers keep and work in: weights that are read once a run come half
// as fast through pages of 4 KB, as each of them costs a walk of the page table, and a prefetcher
// stops at its end.
#pragma once
#include <stddef.h>

namespace convfuse {

// At least `bytes`, aligned to a cache line and uninitialised.  Where the system has no huge pages on
// request it is memory as any other.  Thread safe.  Throws std::bad_alloc.
void* AllocateHuge(size_t bytes);

// Takes back what AllocateHuge(bytes) gave.
void FreeHuge(void* data, size_t bytes) noexcept;

// Bytes that it has from the system, in use or not: kHugeSpare at the most when none are.
size_t HugeBytes() noexcept;
constexpr size_t kHugeSpare = size_t{8} << 20;

}  // namespace convfuse
