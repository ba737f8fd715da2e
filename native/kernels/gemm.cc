// The GEMM micro-kernel and its packing, compiled once per ISA.
#include "kernels/gemm_tile-inl.h"
#include "kernels/families.h"
#include "kernels/pack-inl.h"
#include "kernels/pack_matrix-inl.h"

namespace convfuse::CONVFUSE_ISA {

void AddGemm(KernelTable* table) {
  table->mr = kMr;
  table->nr = kNr;
  table->gemm_tile = Tile;
  table->fence = Fence;
  table->pack_panel = PackPanel;
  table->pack_columns = PackColumns;
  table->pack_rows = PackRows;
  table->dot_rows = DotRows;
}

}  // namespace convfuse::CONVFUSE_ISA
