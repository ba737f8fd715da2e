// The direct kernel on bfloat16 pairs: what CPUs with AVX512_BF16 add to the table of avx512.
#define CONVFUSE_ISA avx512bf16
#include "kernels/copy_padded-inl.h"
#include "kernels/direct-inl.h"
#include "kernels/table.h"

namespace convfuse::avx512bf16 {

void AddTo(KernelTable* table);
void AddTo(KernelTable* table) {
  table->direct_tile_bf16 = Direct;
  table->copy_padded_bf16 = CopyPaddedBf16;
}

}  // namespace convfuse::avx512bf16
