#include <algorithm>

#include "ops/conv_blocked.h"
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
      : layer_(std::move(layer)), shape_(shape), epilogue_(layer_->activation),
        table_(*layer_->table) {
    const size_t channels = layer_->geometry.channels_out, taps = layer_->Taps();
    const size_t lanes = table_.lanes;
    blocks_ = CeilDiv(channels, lanes);
    weight_.Reserve(blocks_ * taps * lanes);
    bias_.Reserve(blocks_ * lanes);
    for (size_t i = 0; i < blocks_ * lanes; ++i) {
      bias_.data()[i] = i < channels ? layer_->bias[i] : 0;
      for (size_t t = 0; t < taps; ++t)
        weight_.data()[(i / lanes * taps + t) * lanes + i % lanes] =
            i < channels ? layer_->Weight(i, 0, t) : 0;
    }
    const size_t block = shape_.out[1] * shape_.out[2] * lanes;
    // Rows of a block, so that planes of few channels divide too.
    const size_t bands = std::min(shape_.out[1], std::max<size_t>(1, block / kTaskOutputs));
    rows_ = CeilDiv(shape_.out[1], bands);
    bands_ = CeilDiv(shape_.out[1], rows_);
    // As many tasks for one thread as for another.
    const size_t planes = shape_.batch * blocks_;
    const size_t fit = std::max<size_t>(1, kTaskOutputs / std::max<size_t>(1, block));
    per_task_ = CeilDiv(planes, RoundUp(CeilDiv(planes, fit), threads));
  }

  std::string Name() const override {
    const ConvGeometry& g = layer_->geometry;
    return "depthwise " + std::to_string(g.kernel[1]) + "x" + std::to_string(g.kernel[2]) +
           " on blocks";
  }

  size_t WorkspaceFloats(size_t) const override { return 0; }

  void Run(const ConvRun& run) const override {
    const size_t planes = shape_.batch * blocks_;
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
    const size_t lanes = table_.lanes, channels = g.channels_out;
    const BlockedStrides x(shape_.x_layout, lanes, channels, shape_.in[1], shape_.in[2]);
    const BlockedStrides out(shape_.out_layout, lanes, channels, shape_.out[1], shape_.out[2]);
    const BlockedStrides add(shape_.residual_layout, lanes, channels, shape_.out[1],
                             shape_.out[2]);
    const size_t block = plane % blocks_;
    BlockedDepthwise d = {};
    d.x = run.x + plane * x.block + x.origin + row * g.stride[1] * x.row -
          shape_.pad_begin[1] * x.row - shape_.pad_begin[2] * lanes;
    d.x_row = x.row;
    for (int a = 0; a < 2; ++a) {
      d.kernel[a] = g.kernel[a + 1];
      d.stride[a] = g.stride[a + 1];
      d.dilation[a] = g.dilation[a + 1];
    }
    d.weight = weight_.data() + block * layer_->Taps() * lanes;
    d.bias = bias_.data() + block * lanes;
    d.add = run.residual ? run.residual + plane * add.block + add.origin + row * add.row : nullptr;
    d.add_row = add.row;
    d.out = run.out + plane * out.block + out.origin + row * out.row;
    d.out_row = out.row;
    d.rows = std::min(rows_, shape_.out[1] - row);
    d.width = shape_.out[2];
    d.low = epilogue_.low;
    d.high = epilogue_.high;
    table_.blocked_depthwise(d);
    for (size_t y = 0; epilogue_.rows && y < d.rows; ++y)
      table_.activate_row(layer_->activation, 0, d.width * lanes, d.out + y * out.row);
  }

  std::shared_ptr<const ConvLayer> layer_;
  ConvShape shape_;
  Epilogue epilogue_;
  const KernelTable& table_;
  AlignedBuffer weight_, bias_;
  size_t blocks_ = 0, rows_ = 0, bands_ = 0, per_task_ = 1;
};

}  // namespace

std::unique_ptr<ConvAlgorithm> MakeBlockedDepthwiseConv(std::shared_ptr<const ConvLayer> layer,
                                                        const ConvShape& shape, size_t threads) {
  return std::make_unique<BlockedDepthwiseConv>(std::move(layer), shape, threads);
}

}  // namespace convfuse
