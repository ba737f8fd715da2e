#include <algorithm>

#include "ops/blocked_cut.h"
#include "ops/conv_blocked.h"
#include "ops/depthwise_blocks.h"

namespace convfuse {

bool BlockedDepthwiseFits(const ConvLayer& layer, const ConvShape& shape) {
  return BlockedFits(layer, shape) && shape.out_layout.blocked && shape.residual_layout.blocked &&
         DepthwiseBlocks::Suits(layer);
}

namespace {

// Outputs of a task: some ten microseconds of work, so that handing it out is lost in it.
constexpr size_t kTaskOutputs = 32 << 10;

class BlockedDepthwiseConv final : public ConvAlgorithm {
 public:
  BlockedDepthwiseConv(std::shared_ptr<const ConvLayer> layer, const ConvShape& shape,
                       size_t threads)
      : layer_(std::move(layer)), blocks_(*layer_), shape_(shape) {
    const size_t block = shape_.out[1] * shape_.out[2] * layer_->table->lanes;
    // Blocks are cut into bands of rows, so that layers of few channels divide too.
    const size_t height = shape_.out[1];
    bands_ = std::max<size_t>(1, block / kTaskOutputs);
    by_bands_ = shape_.batch == 1 && SharesByBands(height, blocks_.count() * block, threads);
    if (by_bands_) bands_ = RoundUp(bands_, threads);
    bands_ = std::min(height, bands_);
    // The same number of tasks for every thread.
    const size_t outputs = shape_.batch * blocks_.count() * block;
    const size_t tasks = RoundUp(CeilDiv(outputs, kTaskOutputs), threads);
    per_task_ = CeilDiv(blocks_.count(), CeilDiv(tasks, shape_.batch * bands_));
  }

  std::string Name() const override { return blocks_.Name() + " on blocks"; }

  size_t WorkspaceFloats(size_t) const override { return 0; }

  void Run(const ConvRun& run) const override {
    const size_t count = blocks_.count(), parts = CeilDiv(count, per_task_);
    run.pool->ParallelFor(shape_.batch * bands_ * parts, run.threads, [&](size_t task, size_t) {
      const size_t at = task % (parts * bands_), image = task / (parts * bands_);
      const size_t first = (by_bands_ ? at % parts : at / bands_) * per_task_;
      const size_t band = by_bands_ ? at / parts : at % bands_;
      for (size_t i = first; i < std::min(count, first + per_task_) && !run.Cancelled(); ++i)
        RunBand(run, image * count + i, band);
    });
  }

 private:
  // Blocks are counted over the batch.
  void RunBand(const ConvRun& run, size_t plane, size_t band) const {
    const size_t row = EvenCut(shape_.out[1], band, bands_);
    const ConvGeometry& g = layer_->geometry;
    const size_t lanes = layer_->table->lanes, channels = g.channels_out;
    const BlockedStrides x(shape_.x_layout, lanes, channels, shape_.in[1], shape_.in[2]);
    const BlockedStrides out(shape_.out_layout, lanes, channels, shape_.out[1], shape_.out[2]);
    const BlockedStrides add(shape_.residual_layout, lanes, channels, shape_.out[1],
                             shape_.out[2]);
    BlockedDepthwise d = {};
    d.x = run.x + plane * x.block + x.origin + row * g.stride[1] * x.row -
          shape_.pad_begin[1] * x.row - shape_.pad_begin[2] * lanes;
    d.x_row = x.row;
    d.add = run.residual ? run.residual + plane * add.block + add.origin + row * add.row : nullptr;
    d.add_row = add.row;
    d.out = run.out + plane * out.block + out.origin + row * out.row;
    d.out_row = out.row;
    d.rows = EvenCut(shape_.out[1], band + 1, bands_) - row;
    d.width = shape_.out[2];
    blocks_.Run(plane % blocks_.count(), d);
  }

  std::shared_ptr<const ConvLayer> layer_;
  DepthwiseBlocks blocks_;
  ConvShape shape_;
  size_t bands_ = 1, per_task_ = 1;
  bool by_bands_ = false;  // tasks of one band follow each other, not those of one block
};

}  // namespace

std::unique_ptr<ConvAlgorithm> MakeBlockedDepthwiseConv(std::shared_ptr<const ConvLayer> layer,
                                                        const ConvShape& shape, size_t threads) {
  return std::make_unique<BlockedDepthwiseConv>(std::move(layer), shape, threads);
}

}  // namespace convfuse
