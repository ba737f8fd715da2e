// Kernels over the rows of a tensor, compiled once per ISA.
#include "kernels/families.h"
#include "kernels/normalise-inl.h"
#include "kernels/resample-inl.h"
#include "kernels/softmax-inl.h"
#include "kernels/transpose_matrix-inl.h"

namespace convfuse::CONVFUSE_ISA {

void AddRows(KernelTable* table) {
  table->softmax = Softmax;
  table->normalise = Normalise;
  table->sum_rows = SumEachRow;
  table->resample = Resample;
  table->resample_block = ResampleBlock;
  table->transpose = TransposeMatrixOf;
}

}  // namespace convfuse::CONVFUSE_ISA
