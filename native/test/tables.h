// The tables under test: those that this CPU runs, and one that does not need its ISA.
#pragma once
#include <vector>

#include "kernels/table.h"
#include "test/check.h"

namespace convfuse::test {

// Worst first, then "emulated512": the sources, lanes and tiles of AVX-512, bfloat16 included,
// compiled to plain vectors (CMakeLists.txt).  options.isa narrows them to one.
std::vector<const KernelTable*> TestedTables(const Options& options);

// Whether two runs on that table agree in every bit.  Where vectors are emulated any NaN is as good
// as another: lanes are computed apart, each with its operands in some order, and of two NaNs an
// instruction returns the first.
bool SameBits(const KernelTable& table, const float* a, const float* b, size_t n);

}  // namespace convfuse::test
