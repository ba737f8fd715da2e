#include "ops/blocked_cut.h"

#include <stdint.h>

#include <algorithm>

#include "ops/integers.h"

namespace convfuse {
namespace {

// A part's input for one block of products, and its sums: half of a 512 KB L2.
constexpr size_t kPartFloats = (256 << 10) / sizeof(float);
// Cost of converting an element to bfloat16, relative to moving a float into L2.
constexpr size_t kConversion = 4;
// Most pixels of a part: more gain nothing.
constexpr size_t kMostPixels = 256;

}  // namespace

BlockedCut CutBlockedDirect(const ConvLayer& layer, const DirectWeights& weights,
                            const ConvShape& shape, size_t image_floats, size_t threads) {
  const ConvGeometry& g = layer.geometry;
  const size_t height = shape.out[1], plane = height * shape.out[2];
  const size_t slice = layer.table->direct_channels, slices = weights.slices();
  const size_t under = g.stride[1] * g.stride[2];  // input of a pixel, halo aside
  const size_t block = weights.most_elements() * under;
  const size_t elements = weights.ElementBegin(weights.blocks());
  const double all_weights = static_cast<double>(elements * layer.Taps() * slices * slice);
  // Pairs are converted again for each range of channels.  If they are one block of products, the
  // sums of a slice are stored before the next slice is computed; else those of all slices of the
  // range wait.
  const bool converts = weights.element() == Element::kBf16Pair;
  const bool waits = !converts || weights.blocks() > 1;
  const double input = static_cast<double>(elements * under * (converts ? kConversion : 1));

  BlockedCut best = {1, 1, 1, all_weights <= kLargeWeights};
  double least = 0;
  const auto consider = [&](size_t images, size_t rows) {
    const size_t pixels = images * rows * shape.out[2];
    const size_t room = kPartFloats / pixels;
    const size_t fit = room <= block + slice ? 1 : waits ? (room - block) / slice : slices;
    const size_t splits = std::max<size_t>(1, CeilDiv(slices, fit));
    // Floats that come into L2 for each pixel.
    const double moved =
        all_weights / static_cast<double>(pixels) + input * static_cast<double>(splits);
    if (least > 0 && moved >= least) return;
    least = moved;
    best = {images, rows, splits, best.by_parts};
  };
  for (size_t bands = 1; bands <= height; ++bands) {
    const size_t rows = CeilDiv(height, bands);
    if (rows * shape.out[2] <= kMostPixels || rows == 1) consider(1, rows);
  }
  for (size_t parts = shape.batch; parts-- > 1;) {
    const size_t images = CeilDiv(shape.batch, parts);
    if (images * plane > kMostPixels || images > UINT32_MAX / image_floats) break;
    consider(images, height);
  }
  size_t bands = CeilDiv(height, best.rows);
  if (threads > 1 && shape.batch == 1) {
    if (best.by_parts && height >= threads * kLeastBand)
      bands = RoundUp(bands, threads);
    else if (bands * slices % threads != 0)
      bands *= 2;  // two half ranges make a whole one
    bands = std::min(height, bands);
    best.rows = CeilDiv(height, bands);
  }
  const size_t tasks = std::max<size_t>(1, CeilDiv(shape.batch, best.images) * bands);
  if (threads > 1 && tasks * best.splits < 4 * threads)
    best.splits = std::min(slices, CeilDiv(4 * threads, tasks));
  return best;
}

}  // namespace convfuse
