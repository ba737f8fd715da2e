// The table of one ISA.  Every kernel source is included above it by isa_*.cc; the fold is declared
// here only, for it is compiled in fold_*.cc of its own, without contraction.
#pragma once
#include "kernels/table.h"

namespace convfuse::CONVFUSE_ISA {

void ScaleRowsF32(ScaleRowsShape, const float*, const double*, float*, double*, double*);
void ScaleRowsF64(ScaleRowsShape, const double*, const double*, double*, double*, double*);
void ScaleRowsF16(ScaleRowsShape, const uint16_t*, const double*, uint16_t*, double*, double*);
void ScaleRowsBf16(ScaleRowsShape, const uint16_t*, const double*, uint16_t*, double*, double*);

template <WinogradKind kKind>
static void FillWinograd(KernelTable& table) {
  table.winograd_input[static_cast<int>(kKind)] = TransformInput<kKind>;
  table.winograd_output[static_cast<int>(kKind)] = TransformOutput<kKind>;
}

KernelTable MakeTable();
KernelTable MakeTable() {
  KernelTable table = {};
  table.isa = CONVFUSE_ISA_NAME;
  table.lanes = kLanes;
  table.scale_rows_f32 = ScaleRowsF32;
  table.scale_rows_f64 = ScaleRowsF64;
  table.scale_rows_f16 = ScaleRowsF16;
  table.scale_rows_bf16 = ScaleRowsBf16;
  table.mr = kMr;
  table.nr = kNr;
  table.gemm_tile = Tile;
  table.pack_panel = PackPanel;
  table.pack_columns = PackColumns;
  table.pack_rows = PackRows;
  table.dot_rows = DotRows;
  table.direct_pixels = kDirectPixels;
  table.direct_channels = kDirectChannels;
  table.direct_tile = Direct;
  table.copy_padded = CopyPadded;
  table.direct_store = StoreDirect;
  table.activate_row = ActivateRow;
  table.depthwise = Depthwise;
  table.blocked_copy = CopyBlocked;
  FillWinograd<WinogradKind::kF2>(table);
  FillWinograd<WinogradKind::kF4>(table);
  FillWinograd<WinogradKind::kStride2>(table);
  FillWinograd<WinogradKind::kPolyphase>(table);
  return table;
}

}  // namespace convfuse::CONVFUSE_ISA
