// Kernels on blocked activations, compiled once per ISA.
#include "kernels/blocked-inl.h"
#include "kernels/blocked_depthwise-inl.h"
#include "kernels/blocked_dots-inl.h"
#include "kernels/blocked_tile-inl.h"
#include "kernels/families.h"

namespace convfuse::CONVFUSE_ISA {

void AddBlocked(KernelTable* table) {
  for (size_t i = 0; i <= kBlockedVectors; ++i) table->blocked_pixels[i] = kBlockedPixels[i];
  table->scattered_pixels = kScatteredPixels;
  table->grouped_products = kGroupedProducts;
  table->blocked_tile = RunBlockedTiles;
  table->blocked_store = StoreBlocked;
  table->blocked_depthwise = DepthwiseBlocked;
  table->blocked_dots = DotsBlocked;
  table->blocked_pool = PoolBlocked;
  table->blocked_sums = SumBlocked;
  table->to_blocked = ToBlocked;
  table->from_blocked = FromBlocked;
}

}  // namespace convfuse::CONVFUSE_ISA
