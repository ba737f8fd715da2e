// Element-wise arithmetic, compiled once per ISA.
#include "kernels/elementwise-inl.h"
#include "kernels/families.h"

namespace convfuse::CONVFUSE_ISA {

void AddElementwise(KernelTable* table) { table->elementwise = ElementwiseRowsOf; }

}  // namespace convfuse::CONVFUSE_ISA
