// The depthwise kernel, and the activation of rows, which it includes; compiled once per ISA.
#include "kernels/depthwise-inl.h"
#include "kernels/families.h"

namespace convfuse::CONVFUSE_ISA {

void AddDepthwise(KernelTable* table) {
  table->activate_row = ActivateRow;
  table->depthwise = Depthwise;
}

}  // namespace convfuse::CONVFUSE_ISA
