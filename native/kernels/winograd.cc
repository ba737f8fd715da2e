// The Winograd transforms and products, compiled once per ISA.
#include "kernels/families.h"
#include "kernels/winograd-inl.h"
#include "kernels/winograd_product-inl.h"

namespace convfuse::CONVFUSE_ISA {
namespace {

template <WinogradKind kKind>
void Fill(KernelTable* table) {
  // Both have the same points, and so the same transform of the input.
  constexpr WinogradKind kPoints =
      kKind == WinogradKind::kPolyphase ? WinogradKind::kF4 : kKind;
  table->winograd_input[static_cast<int>(kKind)] = TransformInput<kPoints>;
  table->winograd_output[static_cast<int>(kKind)] = TransformOutput<kKind>;
}

}  // namespace

void AddWinograd(KernelTable* table) {
  table->blocked_copy = CopyBlocked;
  table->winograd_product = MultiplyPoint;
  Fill<WinogradKind::kF2>(table);
  Fill<WinogradKind::kF4>(table);
  Fill<WinogradKind::kStride2>(table);
  Fill<WinogradKind::kPolyphase>(table);
}

}  // namespace convfuse::CONVFUSE_ISA
