// The direct kernel, the copies that feed it and the stores of its sums, compiled once per ISA.
#include "kernels/copy_padded-inl.h"
#include "kernels/copy_phases-inl.h"
#include "kernels/direct-inl.h"
#include "kernels/direct_store-inl.h"
#include "kernels/families.h"
#include "kernels/plane_row-inl.h"

namespace convfuse::CONVFUSE_ISA {

void AddDirect(KernelTable* table) {
  table->direct_pixels = kDirectPixels;
  table->direct_channels = kDirectChannels;
  table->direct_tile = Direct;
  table->copy_padded = CopyPadded;
  table->copy_phases = CopyPhases;
  table->direct_store = StoreDirect;
  table->plane_slack = kPlaneVectors<1> * kLanes;
  table->plane_row = RunPlaneRow;
}

}  // namespace convfuse::CONVFUSE_ISA
