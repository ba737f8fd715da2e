// Pools, compiled once per ISA.
#include "kernels/families.h"
#include "kernels/pool-inl.h"

namespace convfuse::CONVFUSE_ISA {

void AddPool(KernelTable* table) { table->pool = Pool; }

}  // namespace convfuse::CONVFUSE_ISA
