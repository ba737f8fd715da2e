#include "ops/conv_rows.h"

#include <algorithm>

#include "ops/blocked_offsets.h"
#include "ops/conv_blocked.h"
#include "ops/output_store.h"
#include "ops/padded_rows.h"

namespace convfuse {
namespace {

// A band's copy, and its sums unless they leave as blocks: half of a 512 KB L2.
constexpr size_t kBandFloats = (256 << 10) / sizeof(float);

class RowsConv final : public ConvAlgorithm {
 public:
  RowsConv(std::shared_ptr<const ConvLayer> layer, std::shared_ptr<const DirectWeights> weights,
           const ConvShape& shape, size_t threads)
      : layer_(std::move(layer)), weights_(std::move(weights)), shape_(shape),
        store_(*layer_, shape_), table_(*layer_->table), epilogue_(layer_->activation),
        planes_(*layer_, shape_),
        rows_(BandRows(threads)), copied_(*layer_, layer_->GroupIn(), rows_, shape.out[2]),
        bands_(CeilDiv(shape.out[1], rows_)),
        vectors_(CeilDiv(layer_->geometry.channels_out, table_.lanes)),
        bias_(SliceBias(*layer_, *weights_)) {
    copied_.Stagger();
    planes_.x.row = copied_.row_stride;
    planes_.x_pixel = 1;
    pixels_ = LocatePixels(*layer_, shape_, {1, rows_, 1, true}, planes_);
    for (const uint32_t offset : copied_.Offsets()) products_.push_back({offset, 0});
  }

  std::string Name() const override {
    return "direct " + std::to_string(table_.direct_pixels) + "x" +
           std::to_string(table_.direct_channels) + " on rows";
  }

  size_t WorkspaceFloats(size_t threads) const override { return threads * SlotFloats(); }

  void Run(const ConvRun& run) const override {
    run.pool->ParallelFor(shape_.batch * bands_, run.threads, [&](size_t task, size_t slot) {
      if (!run.Cancelled()) RunBand(run, task, run.workspace + slot * SlotFloats());
    });
  }

 private:
  bool Blocked() const { return shape_.out_layout.blocked; }
  // Sums of a slice: those of a band or, where results leave as blocks, of a tile between its
  // chains.
  size_t SumsFloats() const {
    const size_t pixels = Blocked() ? table_.blocked_pixels[1] : rows_ * shape_.out[2];
    return pixels * table_.direct_channels;
  }
  size_t SlotFloats() const { return RoundUp(copied_.Floats(), 16) + 2 * SumsFloats(); }

  size_t BandRows(size_t threads) const {
    const ConvGeometry& g = layer_->geometry;
    const PaddedRows one(*layer_, layer_->GroupIn(), 1, shape_.out[2]);
    const size_t copied = layer_->GroupIn() * one.row_stride * g.stride[1];
    const size_t each = copied + (Blocked() ? 0 : shape_.out[2] * table_.direct_channels);
    const size_t fit = (kBandFloats - std::min(kBandFloats, one.Floats())) / each;
    const size_t height = shape_.out[1];
    const size_t bands = std::max(CeilDiv(height, std::max<size_t>(1, fit)),
                                  threads > 1 ? CeilDiv(4 * threads, shape_.batch) : 1);
    return std::max<size_t>(1, height / std::min(bands, height));
  }

  void RunBand(const ConvRun& run, size_t task, float* scratch) const {
    const ConvGeometry& g = layer_->geometry;
    const size_t image = task / bands_, row = task % bands_ * rows_;
    const size_t rows = std::min(rows_, shape_.out[1] - row);
    PaddedCopy copy = copied_.CopyFor(shape_, run.first_row + row, rows, scratch);
    copy.in = run.x + image * g.channels_in * shape_.in[1] * shape_.in[2];
    copy.channels = g.channels_in;
    table_.copy_padded(copy);

    BlockedTile tile = {};
    tile.k = weights_->Elements(0) * layer_->Taps();
    tile.chains = weights_->blocks();
    tile.product = products_.data();
    tile.ahead = tile.x = scratch;
    tile.step = g.stride[2] * planes_.x_pixel;
    tile.weight_jump = tile.k * table_.direct_channels;
    tile.chain_jump = (weights_->slices() - 1) * tile.weight_jump;
    tile.sums = scratch + RoundUp(copied_.Floats(), 16);
    tile.sums_jump = SumsFloats();
    tile.out_block = planes_.out.block;
    tile.residual_block = planes_.residual.block;
    tile.low = epilogue_.low;
    tile.high = epilogue_.high;
    const size_t pixels = rows * shape_.out[2];
    for (size_t v = 0; v < vectors_; v += tile.vectors) {
      tile.vectors = TileVectors(table_, vectors_ - v);
      tile.half = EndsInHalf(*layer_, v + tile.vectors);
      tile.weight = weights_->Slice(0, 0, v / kSliceVectors);
      if (Blocked()) {
        tile.bias = bias_.data() + v * table_.lanes;
        tile.out = run.out + planes_.out.At(image, v, row);
        if (run.residual) tile.residual = run.residual + planes_.residual.At(image, v, row);
      }
      MultiplyBand(tile, pixels);
      if (Blocked() && epilogue_.rows)
        ActivateBlocks(*layer_, planes_.out, v, tile.vectors, rows, shape_.out[2], tile.out);
      for (size_t i = 0; !Blocked() && i < tile.vectors; i += kSliceVectors)
        store_.Store(run, {image, 0, (v + i) / kSliceVectors, row, 0, rows, shape_.out[2],
                           tile.sums + i / kSliceVectors * SumsFloats(), false});
    }
  }

  // The fewest tiles, of equal size to within a pixel.  They end with a row unless the kernel takes
  // pixels that lie anywhere.
  void MultiplyBand(BlockedTile tile, size_t pixels) const {
    const size_t row = table_.scattered_pixels ? pixels : shape_.out[2];
    const size_t tiles = CeilDiv(row, table_.blocked_pixels[tile.vectors]);
    const size_t each = row / tiles, longer = row % tiles;
    for (size_t i = 0, p = 0; p < pixels; p += tile.run) {
      tile.run = each + (i < longer);
      i = i + 1 < tiles ? i + 1 : 0;
      tile.x_at = pixels_.x.data() + p;
      tile.out_at = pixels_.out.data() + p;
      tile.residual_at = pixels_.residual.data() + p;
      table_.blocked_tile(tile);
      if (!Blocked()) tile.sums += tile.run * table_.direct_channels;
    }
  }

  std::shared_ptr<const ConvLayer> layer_;
  std::shared_ptr<const DirectWeights> weights_;
  ConvShape shape_;
  OutputStore store_;
  const KernelTable& table_;
  Epilogue epilogue_;
  BlockedPlanes planes_;  // x: the strides of the copy
  size_t rows_;
  PaddedRows copied_;
  size_t bands_, vectors_;
  AlignedBuffer bias_;
  std::vector<BlockedProduct> products_;
  PixelOffsets pixels_;
};

}  // namespace

std::unique_ptr<ConvAlgorithm> MakeRowsConv(std::shared_ptr<const ConvLayer> layer,
                                            std::shared_ptr<const DirectWeights> weights,
                                            const ConvShape& shape, size_t threads) {
  return std::make_unique<RowsConv>(std::move(layer), std::move(weights), shape, threads);
}

}  // namespace convfuse
