// Kernels over the rows of a tensor, compiled once per ISA.
#include "kernels/families.h"
#include "kernels/softmax-inl.h"

namespace convfuse::CONVFUSE_ISA {

void AddRows(KernelTable* table) { table->softmax = Softmax; }

}  // namespace convfuse::CONVFUSE_ISA
