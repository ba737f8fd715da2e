#include "ops/conv_lanes.h"

#include <algorithm>

#include "ops/conv_direct.h"
#include "ops/integers.h"
#include "ops/output_lines.h"
#include "ops/padded_rows.h"

namespace convfuse {
namespace {

// A band's copy: half of a 512 KB L2.
constexpr size_t kBandFloats = (256 << 10) / sizeof(float);

}  // namespace

bool LanesFits(const ConvLayer& layer, const ConvShape& shape) {
  return shape.IsDense() && HasFewProducts(layer, shape);
}

namespace {

class LanesConv final : public ConvAlgorithm {
 public:
  LanesConv(std::shared_ptr<const ConvLayer> layer, std::shared_ptr<const PackedWeights> weights,
            const ConvShape& shape, size_t threads)
      : layer_(std::move(layer)), weights_(std::move(weights)), shape_(shape),
        phase_(weights_->phases()[0]), table_(*layer_->table), epilogue_(layer_->activation),
        stride_(layer_->geometry.stride[2]), bands_(Bands(threads)),
        copied_(Copied(CeilDiv(shape.out[1], bands_))) {
    const ConvGeometry& g = layer_->geometry;
    for (const PackedWeights::Block& b : phase_.blocks)
      for (size_t t = b.tap_begin; t < b.tap_begin + b.taps; ++t) {
        const size_t y = phase_.taps[t] / g.kernel[2] * g.dilation[1];
        const size_t x = phase_.taps[t] % g.kernel[2] * g.dilation[2];
        const size_t at = y * copied_.row_stride + x % stride_ * copied_.row_stride / stride_;
        for (size_t c = b.channel_begin; c < b.channel_begin + b.channels; ++c)
          rows_at_.push_back(static_cast<uint32_t>(c * copied_.channel_stride + at + x / stride_));
      }
  }

  std::string Name() const override {
    return "direct " + std::to_string(table_.mr) + "x" + std::to_string(table_.nr) +
           ", pixels as lanes";
  }

  size_t WorkspaceFloats(size_t threads) const override { return threads * SlotFloats(); }

  void Run(const ConvRun& run) const override {
    run.pool->ParallelFor(shape_.batch * bands_, run.threads, [&](size_t task, size_t slot) {
      if (!run.Cancelled()) RunBand(run, task, run.workspace + slot * SlotFloats());
    });
  }

 private:
  // A tile reads whole vectors: past the end of the last row too.
  size_t SlotFloats() const { return RoundUp(copied_.Floats() + table_.nr, 16); }

  PaddedRows Copied(size_t rows) const {
    PaddedRows copied(*layer_, layer_->GroupIn(), rows, shape_.out[2]);
    copied.Widen(stride_ * table_.lanes);
    copied.Stagger();
    return copied;
  }

  size_t Bands(size_t threads) const {
    const ConvGeometry& g = layer_->geometry;
    const PaddedRows one = Copied(1);
    const size_t each = layer_->GroupIn() * one.row_stride * g.stride[1];
    const size_t fit = (kBandFloats - std::min(kBandFloats, one.Floats())) / each;
    const size_t height = shape_.out[1];
    const size_t wanted = threads > 1 ? CeilDiv(4 * threads, shape_.batch) : 1;
    return std::min(height, std::max(CeilDiv(height, std::max<size_t>(1, fit)), wanted));
  }

  void RunBand(const ConvRun& run, size_t task, float* scratch) const {
    const ConvGeometry& g = layer_->geometry;
    const size_t image = task / bands_, band = task % bands_;
    const size_t row = EvenCut(shape_.out[1], band, bands_);
    const size_t rows = EvenCut(shape_.out[1], band + 1, bands_) - row;
    PaddedCopy copy = copied_.CopyFor(shape_, row, rows, scratch);
    copy.in = run.x + image * g.channels_in * shape_.in[1] * shape_.in[2];
    copy.channels = g.channels_in;
    stride_ == 2 ? table_.copy_phases(copy) : table_.copy_padded(copy);

    const size_t plane = shape_.out[1] * shape_.out[2], width = shape_.out[2];
    const size_t base = image * g.channels_out * plane + row * width;
    GemmTile tile = {};
    const PackedWeights::Block& block = phase_.blocks[0];
    tile.k = block.K();
    tile.chains = phase_.blocks.size();
    tile.chain_jump = (weights_->panels() - 1) * tile.k * table_.mr;
    tile.b_at = rows_at_.data();
    tile.c_stride = tile.add_stride = plane;
    tile.low = epilogue_.low;
    tile.high = epilogue_.high;
    // Tiles of equal width, in whole vectors, except for the last one of a row.
    const size_t tiles = CeilDiv(width, table_.nr);
    const size_t step = RoundUp(CeilDiv(width, tiles), table_.lanes);
    for (size_t m = 0; m < g.channels_out; m += table_.mr) {
      tile.rows = std::min(table_.mr, g.channels_out - m);
      tile.a = weights_->Panel(phase_, 0, block, m / table_.mr);
      tile.bias = layer_->bias.data() + m;
      for (size_t y = 0; y < rows; ++y) {
        const float* from = scratch + y * g.stride[1] * copied_.row_stride;
        for (size_t x = 0; x < width; x += step) {
          tile.cols = std::min(step, width - x);
          const size_t at = base + m * plane + y * width + x;
          tile.c = run.out + at;
          tile.add = run.residual ? run.residual + at : nullptr;
          tile.b = from + x;
          table_.gemm_tile(tile);
        }
      }
      for (size_t r = 0; epilogue_.rows && r < tile.rows; ++r)
        table_.activate_row(layer_->activation, m + r, rows * width,
                            run.out + base + (m + r) * plane);
    }
  }

  std::shared_ptr<const ConvLayer> layer_;
  std::shared_ptr<const PackedWeights> weights_;
  ConvShape shape_;
  const PackedWeights::Phase& phase_;
  const KernelTable& table_;
  Epilogue epilogue_;
  size_t stride_, bands_;
  PaddedRows copied_;
  std::vector<uint32_t> rows_at_;
};

}  // namespace

std::unique_ptr<ConvAlgorithm> MakeLanesConv(std::shared_ptr<const ConvLayer> layer,
                                             std::shared_ptr<const PackedWeights> weights,
                                             const ConvShape& shape, size_t threads) {
  return std::make_unique<LanesConv>(std::move(layer), std::move(weights), shape, threads);
}

}  // namespace convfuse
