// The table of one ISA, which the build names in CONVFUSE_ISA.
#include "kernels/families.h"
#include "kernels/simd.h"

#define CONVFUSE_TEXT(name) #name
#define CONVFUSE_NAME_OF(isa) CONVFUSE_TEXT(isa)

namespace convfuse::CONVFUSE_ISA {

KernelTable MakeTable() {
  KernelTable table = {};
  table.isa = CONVFUSE_NAME_OF(CONVFUSE_ISA);
  table.lanes = kLanes;
  table.scale_rows_f32 = ScaleRowsF32;
  table.scale_rows_f64 = ScaleRowsF64;
  table.scale_rows_f16 = ScaleRowsF16;
  table.scale_rows_bf16 = ScaleRowsBf16;
  AddGemm(&table);
  AddDirect(&table);
  AddDepthwise(&table);
  AddWinograd(&table);
  AddPool(&table);
  AddElementwise(&table);
  AddBlocked(&table);
  AddRows(&table);
  return table;
}

}  // namespace convfuse::CONVFUSE_ISA
