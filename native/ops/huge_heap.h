// A heap of huge pages for weights, scratch memory and activations.  Through pages of 4 KB, weights
// that are read once a run come at two thirds of the speed (docs/kernels.md): each page costs a
// walk of the page table, and prefetchers stop at its end.
#pragma once
#include <stddef.h>

namespace convfuse {

// At least `bytes`, aligned to a cache line and uninitialised.  Where the system has no huge pages
// on request it is memory as any other.  Thread safe.  Throws std::bad_alloc.
void* AllocateHuge(size_t bytes);

// Takes back what AllocateHuge(bytes) gave.
void FreeHuge(void* data, size_t bytes) noexcept;

// Bytes that the heap has from the system, in use or not; at most kHugeSpare when nothing is in
// use.
size_t HugeBytes() noexcept;
constexpr size_t kHugeSpare = size_t{8} << 20;

}  // namespace convfuse
