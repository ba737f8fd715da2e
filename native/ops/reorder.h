// Activations from one layout into another.
#pragma once
#include "kernels/table.h"
#include "ops/layout.h"
#include "ops/parallel.h"

namespace convfuse {

struct ReorderShape {
  size_t batch, channels, height, width;
};

// Floats of an activation in a layout.
size_t LayoutFloats(const Layout& layout, size_t lanes, const ReorderShape& shape);

// Whether zeros are written around the planes of a blocked `to`, or are there already.
enum class Halo { kKept, kZeros };

// Exactly one of `from` and `to` is blocked.  The halo of `from` is not read.
void RunReorder(const KernelTable& table, const ReorderShape& shape, const Layout& from,
                const float* x, const Layout& to, float* y, ThreadPool& pool, size_t threads,
                Halo halo = Halo::kKept);

}  // namespace convfuse
