// Kernels on pairs of bfloat16 numbers: what CPUs with AVX512_BF16 add to the table of avx512, and
// plain vectors to an emulated one.
#define CONVFUSE_BF16_PAIRS
#include "kernels/blocked_tile-inl.h"
#include "kernels/copy_padded-inl.h"
#include "kernels/copy_pairs-inl.h"
#include "kernels/gemm_tile-inl.h"
#include "kernels/pack-inl.h"
#include "kernels/table.h"

namespace convfuse::CONVFUSE_ISA {

void AddTo(KernelTable* table);
void AddTo(KernelTable* table) {
  table->blocked_tile_bf16 = RunBlockedTiles;
  table->copy_padded_bf16 = CopyPadded;
  table->copy_pairs = CopyPairs;
  table->gemm_tile_bf16 = Tile;
  table->pack_panel_bf16 = PackPanel;
}

}  // namespace convfuse::CONVFUSE_ISA
