// Kernels on blocked activations, compiled once per ISA.
#include "kernels/blocked-inl.h"
#include "kernels/families.h"

namespace convfuse::CONVFUSE_ISA {

void AddBlocked(KernelTable* table) {
  table->blocked_store = StoreBlocked;
  table->blocked_depthwise = DepthwiseBlocked;
  table->blocked_pool = PoolBlocked;
  table->to_blocked = ToBlocked;
  table->from_blocked = FromBlocked;
}

}  // namespace convfuse::CONVFUSE_ISA
