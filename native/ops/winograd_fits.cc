// Which convolutions each Winograd algorithm can compute.
#include <algorithm>

#include "ops/conv_winograd.h"

namespace convfuse {
namespace {

// Whole tiles are read from blocks: those that reach past the last output need a wider halo.
bool HaloHoldsTiles(WinogradKind kind, const ConvShape& shape) {
  const WinogradSizes& sizes = kWinogradSizes[static_cast<int>(kind)];
  const auto holds = [&](int a, size_t begin, size_t end) {
    const size_t reads = (CeilDiv(shape.out[a], sizes.outputs) - 1) * sizes.step + sizes.tile;
    return begin >= shape.pad_begin[a] && reads <= shape.pad_begin[a] + shape.in[a] + end;
  };
  const Layout& x = shape.x_layout;
  return Volume(shape.out) > 0 && holds(1, x.top, x.bottom) && holds(2, x.left, x.right);
}

// Layouts in blocks: one group, and no input of kPolyphase.
bool LayoutsFit(WinogradKind kind, const ConvLayer& layer, const ConvShape& shape) {
  const Layout& out = shape.out_layout;
  if (out.blocked != shape.residual_layout.blocked) return false;
  if ((shape.x_layout.blocked || out.blocked) && layer.geometry.groups != 1) return false;
  return !shape.x_layout.blocked ||
         (WinogradPhases(kind) == 1 && HaloHoldsTiles(kind, shape));
}

}  // namespace

bool WinogradFits(WinogradKind kind, const ConvLayer& layer, const ConvShape& shape) {
  const ConvGeometry& g = layer.geometry;
  const bool fast = kind == WinogradKind::kF4 || kind == WinogradKind::kPolyphase;
  if (layer.precision == Precision::kStrict) return false;
  if (fast && layer.precision == Precision::kDefault) return false;
  if (g.transposed || g.kernel[0] != 1 || g.stride[0] != 1 || shape.pad_begin[0] != 0 ||
      shape.in[0] != 1 || shape.out[0] != 1 || layer.GroupIn() == 0)
    return false;
  if (layer.GroupIn() == 1 && g.groups > 1) return false;  // depthwise: no matrix to speak of
  if (!LayoutsFit(kind, layer, shape)) return false;
  if (g.dilation[1] != 1 || g.dilation[2] != 1 || g.stride[1] != g.stride[2]) return false;
  const size_t stride = g.stride[1];
  const size_t low = std::min(g.kernel[1], g.kernel[2]), high = std::max(g.kernel[1], g.kernel[2]);
  switch (kind) {
    case WinogradKind::kStride2:
      return stride == 2 && low == 3 && high == 3;
    case WinogradKind::kPolyphase:
      return stride == 2 && low >= 7 && high <= 8;
    default:
      return stride == 1 && low == 3 && high == 3;
  }
}

}  // namespace convfuse
