#include <algorithm>

#include "ops/conv_blocked.h"
#include "ops/depthwise_blocks.h"
#include "ops/output_store.h"

namespace convfuse {

bool BlockedDepthwiseFits(const ConvLayer& layer, const ConvShape& shape) {
  const ConvGeometry& g = layer.geometry;
  return BlockedFits(layer, shape) && shape.out_layout.blocked && shape.residual_layout.blocked &&
         g.groups == g.channels_in &&
         g.channels_out == g.channels_in && SuitsBlocks(layer.activation);
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
    // Rows of a block, so that planes of few channels divide too.
    const size_t bands = std::min(shape_.out[1], std::max<size_t>(1, block / kTaskOutputs));
    rows_ = CeilDiv(shape_.out[1], bands);
    bands_ = CeilDiv(shape_.out[1], rows_);
    // As many tasks for one thread as for another.
    const size_t planes = shape_.batch * blocks_.count();
    const size_t fit = std::max<size_t>(1, kTaskOutputs / std::max<size_t>(1, block));
    per_task_ = CeilDiv(planes, RoundUp(CeilDiv(planes, fit), threads));
  }

  std::string Name() const override { return blocks_.Name() + " on blocks"; }

  size_t WorkspaceFloats(size_t) const override { return 0; }

  void Run(const ConvRun& run) const override {
    const size_t planes = shape_.batch * blocks_.count();
    run.pool->ParallelFor(CeilDiv(planes, per_task_) * bands_, run.threads,
                          [&](size_t task, size_t) {
      const size_t first = task / bands_ * per_task_;
      for (size_t p = first; p < std::min(planes, first + per_task_) && !run.Cancelled(); ++p)
        RunBand(run, p, task % bands_ * rows_);
    });
  }

 private:
  // Blocks are counted over the batch.
  void RunBand(const ConvRun& run, size_t plane, size_t row) const {
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
    d.rows = std::min(rows_, shape_.out[1] - row);
    d.width = shape_.out[2];
    blocks_.Run(plane % blocks_.count(), d);
  }

  std::shared_ptr<const ConvLayer> layer_;
  DepthwiseBlocks blocks_;
  ConvShape shape_;
  size_t rows_ = 0, bands_ = 0, per_task_ = 1;
};

}  // namespace

std::unique_ptr<ConvAlgorithm> MakeBlockedDepthwiseConv(std::shared_ptr<const ConvLayer> layer,
                                                        const ConvShape& shape, size_t threads) {
  return std::make_unique<BlockedDepthwiseConv>(std::move(layer), shape, threads);
}

}  // namespace convfuse
