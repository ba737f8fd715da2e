// What each family of kernels adds to the table of its ISA.  Families are separate translation
// units, so that a change compiles one of them and not all.
#pragma once
#include "kernels/table.h"

namespace convfuse::CONVFUSE_ISA {

void AddGemm(KernelTable* table);
void AddDirect(KernelTable* table);
void AddDepthwise(KernelTable* table);
void AddWinograd(KernelTable* table);
void AddPool(KernelTable* table);
void AddElementwise(KernelTable* table);
void AddBlocked(KernelTable* table);
void AddRows(KernelTable* table);

// In fold.cc.
void ScaleRowsF32(ScaleRowsShape, const float*, const double*, float*, double*, double*);
void ScaleRowsF64(ScaleRowsShape, const double*, const double*, double*, double*, double*);
void ScaleRowsF16(ScaleRowsShape, const uint16_t*, const double*, uint16_t*, double*, double*);
void ScaleRowsBf16(ScaleRowsShape, const uint16_t*, const double*, uint16_t*, double*, double*);

KernelTable MakeTable();

}  // namespace convfuse::CONVFUSE_ISA
