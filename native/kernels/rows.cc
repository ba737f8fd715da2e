// Kernels over the rows of a tensor, compiled once per ISA.
#include "kernels/families.h"
#include "kernels/normalise-inl.h"
#include "kernels/resample-inl.h"
#include "kernels/softmax-inl.h"

namespace convfuse::CONVFUSE_ISA {

void AddRows(KernelTable* table) {
  table->softmax = Softmax;
  table->normalise = Normalise;
  table->sum_rows = SumEachRow;
  table->resample = Resample;
}

}  // namespace convfuse::CONVFUSE_ISA
