// The tables under test: those that this CPU runs, and one that does not need its ISA.
#pragma once
#include <vector>

#include "kernels/table.h"
#include "test/check.h"

namespace convfuse::test {

// Worst first, then "emulated512": the sources, lanes and tiles of AVX-512, bfloat16 included,
// compiled to plain vectors (CMakeLists.txt).  options.isa narrows them to one.
std::vector<const KernelTable*> TestedTables(const Options& options);

// Whether two runs on that table agree in every bit.  On emulated512 any NaN equals any other: the
// compiler orders the operands of each lane as it likes, and of two NaNs an instruction returns the
// first.
bool SameBits(const KernelTable& table, const float* a, const float* b, size_t n);

}  // namespace convfuse::test
