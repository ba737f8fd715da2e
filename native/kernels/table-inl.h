// The table of one ISA.  Every kernel source is included above it by isa_*.cc; the fold is declared
// here only, for it is compiled in fold_*.cc of its own, without contraction.
#pragma once
#include "kernels/table.h"

namespace convfuse::CONVFUSE_ISA {

KernelTable MakeTable();
KernelTable MakeTable() {
  KernelTable table = {};
  table.isa = CONVFUSE_ISA_NAME;
  table.lanes = kLanes;
  return table;
}

}  // namespace convfuse::CONVFUSE_ISA
