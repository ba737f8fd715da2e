// Constants below come from native/bench (kernel_bench, all algorithms side by side) on Zen 4 and
// Zen 5 with AVX-512, and are ratios of sizes, so that they carry over to other widths.
#include "ops/choose.h"

#include <algorithm>

#include "ops/conv_bf16.h"
#include "ops/conv_blocked.h"
#include "ops/conv_converted.h"
#include "ops/conv_direct.h"
#include "ops/integers.h"
#include "ops/tap_parts.h"

namespace convfuse {
namespace {

// Output channels come in slices of direct_channels, the last of which is computed whole: direct
// needs most of that work to be useful.
bool FillsSlices(const ConvLayer& layer) {
  const size_t width = layer.table->direct_channels;
  return layer.GroupOut() * 4 >= RoundUp(layer.GroupOut(), width) * 3;
}

bool FillsVectors(const ConvLayer& layer) {
  return layer.GroupOut() * 4 >= RoundUp(layer.GroupOut(), layer.table->lanes) * 3;
}

// Why a layer is depthwise on blocks: a block of outputs reads its own block of inputs alone.
const char* ReasonOfGroups(const ConvLayer& layer) {
  return layer.GroupIn() == 1 ? "one input channel per group" : "groups that share a block";
}

// With pixels as lanes, more than 15 % of them lie past the end of the plane.
bool LosesLanes(const ConvLayer& layer, const ConvShape& shape) {
  const size_t pixels = Volume(shape.out);
  return pixels * 20 < RoundUp(pixels, layer.table->lanes) * 17;
}

// Many channels on a small plane.
bool IsDeep(const ConvLayer& layer, const ConvShape& shape) {
  return layer.GroupIn() >= 512 && Volume(shape.out) <= 256;
}

// Percent of the products that read padding.  From the first on, skipping them saves more than
// cutting the plane into parts costs (AVX-512, strict, 3x3 256 @14: 1.96 for 2.04 ms, 16 images of
// 512 @7: 30.9 for 33.3; 256 @20: 4.05 for 4.15; AVX2 256 @14: 2.04 for 2.12).
constexpr size_t kLeastPadding = 3, kMuchPadding = 10;

// Chains of layers need bands, which skipping does not compute: layers with weights for a chain
// skip only what is more than a chain gains.
bool SkippingPays(const ConvLayer& layer, const ConvShape& shape) {
  const bool chains = shape.x_layout.blocked && layer.weight.size() <= kLargeWeights;
  return PaddingPercent(layer, shape) >= (chains ? kMuchPadding : kLeastPadding);
}

// A layer that direct computes in bfloat16.
AlgorithmKind DirectBf16Kind(const ConvLayer& layer, const ConvShape& shape) {
  return SkippingPays(layer, shape) ? AlgorithmKind::kSkippingBf16 : AlgorithmKind::kDirectBf16;
}

// Nothing is packed from blocks, and narrow rows are no loss.  With 16 registers a copy into blocks
// pays with more than one tap (AVX2, 3x3 64 @56: 90 against packed's 80 % of peak, 512 @7: 88
// against 68), or with many channels on a small plane (512-2048 @7: 84 against 71; but 64-256 @56:
// 75 against 84).  With 32 it pays where the last slice is one vector of output channels, which
// direct computes as two (3x3 48-48 @28: 0.31 for 0.39 ms, 40-80 @20: 0.215 for 0.25).
bool CopyPays(const ConvLayer& layer, const ConvShape& shape) {
  const ConvGeometry& g = layer.geometry;
  const KernelTable& table = *layer.table;
  if (!FillsVectors(layer) || !Fits(AlgorithmKind::kDirectOnCopies, layer, shape)) return false;
  if (table.direct_pixels > table.mr)
    return layer.Taps() > 1 && CeilDiv(layer.GroupOut(), table.lanes) % kSliceVectors != 0;
  return table.scattered_pixels &&
         (layer.Taps() > 1 || (IsDeep(layer, shape) && g.stride[2] == 1));
}

// A single channel that goes into many is no depthwise layer: it would be read again for each of
// them (5x5 1-32 @28: 10 against 83 GFLOP/s).
bool ReadsChannelsOnce(const ConvLayer& layer) {
  return layer.geometry.groups > 1 || layer.GroupOut() <= 3;
}

// On dense planes there are depthwise kernels for 3 x 3 with a stride of 1 or 2 alone, and none for
// groups of several channels.
bool HasPlaneKernel(const ConvLayer& layer) {
  const ConvGeometry& g = layer.geometry;
  return layer.GroupIn() == 1 && g.kernel[1] == 3 && g.kernel[2] == 3 &&
         g.dilation[1] == 1 && g.dilation[2] == 1 &&
         g.stride[1] == g.stride[2] && g.stride[2] <= 2;
}

// Pointwise layers: packed reads its columns where they lie and stores its sums as they are, where
// direct transposes them (256-64 @56: 95 against 86 % of peak, 1024-256 @28: 92 against 85).
// Direct wins with many channels on a small plane (1024-256 @14: 95 against 90 %), where several
// blocks of products are added up, and on planes that are no whole number of vectors (7 x 7: 95
// against 73 %).
bool PointwiseSuitsDirect(const ConvLayer& layer, const ConvShape& shape) {
  return IsDeep(layer, shape) || LosesLanes(layer, shape);
}

// Pairs are packed beside the products, which costs nothing: direct wins where lanes are idle, and
// weights many (7 x 7: 189 against 151 % of the peak of numbers, 8 images of 512-1024 @14: 172
// against 155, but 1024-256 @14: 155 against 164, 2048-512 @16: 154 against 183).
bool PointwisePairsSuitDirect(const ConvLayer& layer, const ConvShape& shape) {
  return LosesLanes(layer, shape) || (Volume(shape.out) % layer.table->lanes != 0 &&
                                      layer.GroupOut() > 256 && IsDeep(layer, shape));
}

// Sums of few products: with pixels as lanes they leave as rows of planes, and are not transposed
// (AVX-512, 3x3 3-64 @224: 87 against 64 % of peak, 7x7/2 @256: 96 against 89).  The loads then
// cross cache lines, and a tile of 16 registers has fewer products to hide that (3x3 3-64 @224: 72
// against 61, but 3x3/2 3-32 @224: 65 against 69).  Lanes past the end of a row are lost; with
// channels as lanes, those past the last channel are (5x5 1-6 @32: 63 against 30).
bool LanesPay(const ConvLayer& layer, const ConvShape& shape) {
  const size_t width = shape.out[2], products = layer.GroupIn() * layer.Taps();
  if (layer.Taps() == 1 || !Fits(AlgorithmKind::kLanes, layer, shape)) return false;
  if (!FillsVectors(layer)) return true;
  if (width * 16 < RoundUp(width, layer.table->lanes) * 15) return false;
  const bool wide = layer.table->direct_pixels > layer.table->mr;
  return wide ? products <= 147 : products <= 32 && layer.geometry.stride[2] == 1;
}

// A tile's transforms cost the same however few channels share them.  They pay from 8 input
// channels and more than half a vector of output channels on (AVX-512, F(2x2): 8-64 @112 0.88 for
// 1.05 ms, on blocks 32-16 @128 0.80 for 1.30, 20-20 @40 0.104 for 0.137); with a stride of 2 from
// a vector of input channels and more than one of output channels on (on blocks 16-16 @160: 0.29
// for 0.26, 48-48 @56: 0.23 for 0.30).
bool WinogradPays(const ConvLayer& layer, const ConvShape& shape, AlgorithmKind* kind) {
  using Kind = AlgorithmKind;
  const size_t lanes = layer.table->lanes;
  if (layer.GroupOut() * 2 <= lanes) return false;
  const size_t width = shape.out[2];
  const auto take = [&](Kind k, bool pays) {
    if (!pays || !Fits(k, layer, shape)) return false;
    *kind = k;
    return true;
  };
  const bool deep = layer.GroupIn() >= std::min<size_t>(8, lanes);
  // On a plane of 7 x 7, F(4x4) has four tiles for its 36 matrices: a batch must give them work.
  return take(Kind::kWinogradPolyphase, width >= 14) ||
         take(Kind::kWinogradF4, deep && (width >= 14 || shape.batch >= 4)) ||
         take(Kind::kWinogradF2, deep) ||
         take(Kind::kWinogradStride2,
              width > 7 && layer.GroupIn() >= lanes && layer.GroupOut() > lanes);
}

// bfloat16 pairs take half the time of floats.  F(4x4) has a quarter of the products and beats them
// (64 @56: 0.61 ms for 1.02, 128 @28: 0.64 for 1.01), unless planes are small, where its weights,
// four times as many, weigh more (256 @14: 0.99 for 1.01).  F(2x2), with 16 products of 36, does
// not.
bool WinogradBeatsPairs(const ConvLayer& layer, const ConvShape& shape, AlgorithmKind* kind) {
  return shape.out[2] >= 20 && WinogradPays(layer, shape, kind) &&
         (*kind == AlgorithmKind::kWinogradF4 || *kind == AlgorithmKind::kWinogradPolyphase);
}

// Few output channels leave most rows of a packed tile empty; together with those of the other
// residues (ops/phases.h) they fill it (2x2/2 24-1 @240: 0.5 ms for 2.1, 48-8 @80: 0.32 for 0.37,
// but 32-16 @128: 1.39 for 1.27).
bool InterleavingPays(const ConvLayer& layer) { return layer.GroupOut() <= layer.table->mr; }

// Dot products have no idle lanes, but adding up the lanes of a pixel at the end takes as long as
// two products of vectors (AVX-512, from blocks: 1x1 64-1 @40: 4 for 31 us, 64-4: 13 for 31, 16-4
// @80: 22 for 38, 3x3 64-3 @96: 0.35 for 1.49 ms, but 64-12 @40: 0.28 for 0.26).  Pixels of rows
// shorter than a vector are computed one by one.
bool DotsPay(const ConvLayer& layer, const ConvShape& shape) {
  const size_t lanes = layer.table->lanes, outputs = layer.GroupOut();
  const size_t products = layer.Taps() * layer.GroupIn();
  if (shape.out[2] < lanes && outputs > 2) return false;
  return Fits(AlgorithmKind::kDots, layer, shape) &&
         outputs * (products + 2 * lanes) * 4 <= RoundUp(outputs, lanes) * products * 3;
}

// For shapes with a blocked layout: algorithms that read and write blocks as they are, and so copy,
// pack and transpose nothing.
Choice ChooseBlocked(const ConvLayer& layer, const ConvShape& shape, bool transforms) {
  AlgorithmKind winograd;
  for (const AlgorithmKind kind : {AlgorithmKind::kPhasesBf16, AlgorithmKind::kPhases})
    if (Fits(kind, layer, shape)) return {kind, "outputs of one residue are a plain convolution"};
  if (Fits(AlgorithmKind::kInterleaved, layer, shape))
    return {AlgorithmKind::kInterleaved, "channels in blocks, and planes out"};
  if (!HasPairs(layer) && Fits(AlgorithmKind::kPhasesOnCopies, layer, shape))
    return {AlgorithmKind::kPhasesOnCopies, "outputs of one residue are a plain convolution"};
  if (Fits(AlgorithmKind::kBlockedDepthwise, layer, shape))
    return {AlgorithmKind::kBlockedDepthwise, ReasonOfGroups(layer)};
  // bfloat16 computes whole slices, two vectors of channels.  For a single vector floats take no
  // longer (32-16 @112: 0.12 ms for 0.16).
  const bool pays = layer.GroupIn() > 1 && layer.GroupOut() > layer.table->lanes;
  const bool pairs = Fits(AlgorithmKind::kDirectBf16, layer, shape);
  if (pairs && pays && !WinogradBeatsPairs(layer, shape, &winograd))
    return {DirectBf16Kind(layer, shape), "products in bfloat16"};
  if (transforms && WinogradPays(layer, shape, &winograd))
    return {winograd, "fewer products at this precision"};
  if (DotsPay(layer, shape)) return {AlgorithmKind::kDots, "few output channels"};
  if (Fits(AlgorithmKind::kSkipping, layer, shape) && SkippingPays(layer, shape))
    return {AlgorithmKind::kSkipping, "many taps lie in padding"};
  for (const AlgorithmKind kind : {AlgorithmKind::kBlockedDirect, AlgorithmKind::kDirect})
    if (Fits(kind, layer, shape))
      return {kind, pairs ? "channels in blocks, too few for bfloat16 to pay"
                          : "channels in blocks"};
  return {AlgorithmKind::kCount, nullptr};
}

}  // namespace

Choice Choose(const ConvLayer& layer, const ConvShape& shape, bool transforms) {
  if (!shape.IsDense()) {
    const Choice blocked = ChooseBlocked(layer, shape, transforms);
    return blocked.reason ? blocked : Choose(layer, DenseShape(shape), transforms);
  }
  if (!layer.finite_weights)
    return {AlgorithmKind::kPlain, "a weight is not finite: padding must be skipped"};
  if (InterleavingPays(layer) && Fits(AlgorithmKind::kInterleaved, layer, shape))
    return {AlgorithmKind::kInterleaved, "few output channels"};
  if (ReadsChannelsOnce(layer)) {
    if (!HasPlaneKernel(layer) && Fits(AlgorithmKind::kDepthwiseOnCopies, layer, shape))
      return {AlgorithmKind::kDepthwiseOnCopies, ReasonOfGroups(layer)};
    if (Fits(AlgorithmKind::kDepthwise, layer, shape))
      return {AlgorithmKind::kDepthwise, "one input channel per group"};
  }
  // Other tiles, of four output channels or more, would be mostly zeros.
  if (Fits(AlgorithmKind::kPlanes, layer, shape) && layer.Taps() > 1)
    return {AlgorithmKind::kPlanes, "few output channels"};
  AlgorithmKind winograd;
  // A bfloat16 pair with one channel missing wastes half: single channels gain nothing, and three
  // into few hardly anything (3x3/2 3-16 @640: 2.0 for 1.0 ms, 3-32 @160: 0.108 for 0.114).
  const bool few = layer.GroupIn() < 4 && layer.GroupOut() <= layer.table->direct_channels &&
                   LanesPay(layer, shape);
  if (Fits(AlgorithmKind::kPackedBf16, layer, shape) && layer.GroupIn() > 1 && !few &&
      !WinogradBeatsPairs(layer, shape, &winograd)) {
    const bool direct = Fits(AlgorithmKind::kDirectBf16, layer, shape) && FillsSlices(layer) &&
                        (layer.Taps() > 1 || PointwisePairsSuitDirect(layer, shape));
    return {direct ? DirectBf16Kind(layer, shape) : AlgorithmKind::kPackedBf16,
            "products in bfloat16"};
  }
  if (transforms && WinogradPays(layer, shape, &winograd))
    return {winograd, "fewer products at this precision"};
  if (LanesPay(layer, shape))
    return {AlgorithmKind::kLanes, "few products for each output, on wide planes"};
  // Blocks that few channels are copied into would be mostly zeros.
  if (layer.Taps() > 1 && FillsVectors(layer) && HasFewProducts(layer, shape))
    return {AlgorithmKind::kDirect, "few products for each output"};
  if (FillsVectors(layer) && Fits(AlgorithmKind::kSkippingOnCopies, layer, shape) &&
      SkippingPays(layer, shape))
    return {AlgorithmKind::kSkippingOnCopies, "many taps lie in padding"};
  if (CopyPays(layer, shape))
    return {AlgorithmKind::kDirectOnCopies, "copying into blocks costs less than packing"};
  if (Fits(AlgorithmKind::kDirect, layer, shape) && FillsSlices(layer) &&
      layer.table->direct_pixels > layer.table->mr) {
    if (layer.Taps() > 1) return {AlgorithmKind::kDirect, "output channels fill vectors"};
    if (PointwiseSuitsDirect(layer, shape))
      return {AlgorithmKind::kDirect, "many input channels on a small plane, or a narrow one"};
  }
  return {AlgorithmKind::kPacked, "suits every shape"};
}

}  // namespace convfuse
