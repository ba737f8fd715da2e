#include <algorithm>

#include "ops/conv_blocked.h"
#include "ops/conv_converted.h"
#include "ops/depthwise_blocks.h"
#include "ops/output_store.h"

namespace convfuse {

bool DepthwiseOnCopiesFits(const ConvLayer& layer, const ConvShape& shape) {
  return shape.IsDense() && BlockedDepthwiseFits(layer, BlockedShape(layer, shape, true));
}

namespace {

// Copies of a band, in and out: a quarter of a 512 KB L2.
constexpr size_t kBandFloats = (128 << 10) / sizeof(float);
// Outputs of a task: some ten microseconds of work, so that handing it out is lost in it.
constexpr size_t kTaskOutputs = 32 << 10;

class DepthwiseCopiesConv final : public ConvAlgorithm {
 public:
  DepthwiseCopiesConv(std::shared_ptr<const ConvLayer> layer, const ConvShape& shape,
                      size_t threads)
      : layer_(std::move(layer)), blocks_(*layer_), shape_(shape), lanes_(layer_->table->lanes) {
    const ConvGeometry& g = layer_->geometry;
    const size_t height = shape_.out[1];
    for (int a = 1; a < 3; ++a) extent_[a] = (g.kernel[a] - 1) * g.dilation[a] + 1;
    x_row_ = ((shape_.out[2] - 1) * g.stride[2] + extent_[2]) * lanes_;
    out_row_ = shape_.out[2] * lanes_;
    // Rows that two bands read are copied twice: a band has at least as many rows as a window.
    const size_t fit = kBandFloats / (g.stride[1] * x_row_ + out_row_);
    rows_ = std::min(height, std::max(fit, extent_[1]));
    planes_ = shape_.batch * blocks_.count();
    const size_t wanted = threads > 1 ? CeilDiv(4 * threads, planes_) : 1;
    rows_ = std::min(rows_, std::max(CeilDiv(height, wanted), extent_[1]));
    bands_ = CeilDiv(height, rows_);
    rows_ = CeilDiv(height, bands_);
    bands_ = CeilDiv(height, rows_);
    // The same number of tasks for every thread.
    const size_t each = std::max<size_t>(1, kTaskOutputs / (height * out_row_));
    per_task_ = CeilDiv(planes_, RoundUp(CeilDiv(planes_, each), threads));
  }

  std::string Name() const override { return blocks_.Name() + " on blocks, on copies"; }

  size_t WorkspaceFloats(size_t threads) const override { return threads * SlotFloats(); }

  void Run(const ConvRun& run) const override {
    run.pool->ParallelFor(CeilDiv(planes_, per_task_) * bands_, run.threads,
                          [&](size_t task, size_t slot) {
      const size_t first = task / bands_ * per_task_;
      for (size_t p = first; p < std::min(planes_, first + per_task_) && !run.Cancelled(); ++p)
        RunBand(run, p, task % bands_ * rows_, run.workspace + slot * SlotFloats());
    });
  }

 private:
  size_t InRows(size_t rows) const {
    return (rows - 1) * layer_->geometry.stride[1] + extent_[1];
  }
  size_t InFloats() const { return RoundUp(InRows(rows_) * x_row_, 16); }
  size_t SlotFloats() const { return InFloats() + RoundUp(rows_ * out_row_, 16); }

  // Rows [row, row + rows_) of a block's outputs.  Blocks are counted over the batch.
  void RunBand(const ConvRun& run, size_t plane, size_t row, float* x) const {
    const KernelTable& table = *layer_->table;
    const size_t channels = layer_->geometry.channels_out, block = plane % blocks_.count();
    const size_t channel = plane / blocks_.count() * channels + block * lanes_;
    const size_t out_plane = shape_.out[1] * shape_.out[2];
    BlockedDepthwise d = {};
    d.rows = std::min(rows_, shape_.out[1] - row);
    d.width = shape_.out[2];
    d.x = x;
    d.x_row = x_row_;
    d.out = x + InFloats();
    d.out_row = d.add_row = out_row_;
    Reorder out = {};
    out.plane = out_plane;
    out.channels = std::min(lanes_, channels - block * lanes_);
    out.blocked = d.out;
    out.height = 1;  // rows follow one another
    out.width = d.rows * d.width;
    const size_t at = channel * out_plane + row * d.width;
    if (run.residual) {
      out.dense = const_cast<float*>(run.residual) + at;  // only read
      table.to_blocked(out);
      d.add = d.out;
    }
    CopyIn(run.x + channel * shape_.in[1] * shape_.in[2], out.channels, row, InRows(d.rows), x);
    blocks_.Run(block, d);
    out.dense = run.out + at;
    table.from_blocked(out);
  }

  // Copies what the outputs of a band read, with zeros around it.
  void CopyIn(const float* in, size_t channels, size_t row, size_t rows, float* x) const {
    const size_t height = shape_.in[1], width = shape_.in[2], columns = x_row_ / lanes_;
    const size_t begin = row * layer_->geometry.stride[1], pad = shape_.pad_begin[1];
    const size_t top = std::min(rows, pad > begin ? pad - begin : 0);
    const size_t first = begin + top - std::min(pad, begin + top);
    const size_t inside = std::min(rows - top, height > first ? height - first : 0);
    const size_t left = std::min(columns, shape_.pad_begin[2]);
    const size_t copied = std::min(width, columns - left);
    std::fill_n(x, top * x_row_, 0.0f);
    float* at = x + top * x_row_;
    for (size_t y = 0; y < inside; ++y, at += x_row_) {
      std::fill_n(at, left * lanes_, 0.0f);
      std::fill_n(at + (left + copied) * lanes_, (columns - left - copied) * lanes_, 0.0f);
    }
    std::fill_n(at, (rows - top - inside) * x_row_, 0.0f);
    Reorder r = {};
    r.dense = const_cast<float*>(in) + first * width;  // only read
    r.plane = height * width;
    r.channels = channels;
    r.blocked = x + top * x_row_ + left * lanes_;
    r.blocked_row = x_row_;
    r.height = inside;
    r.width = copied;
    // Only whole rows follow one another in the plane.
    if (copied == width) return layer_->table->to_blocked(r);
    r.height = 1;
    for (size_t y = 0; y < inside; ++y, r.dense += width, r.blocked += x_row_)
      layer_->table->to_blocked(r);
  }

  std::shared_ptr<const ConvLayer> layer_;
  DepthwiseBlocks blocks_;
  ConvShape shape_;
  size_t lanes_, extent_[3] = {1, 1, 1}, x_row_ = 0, out_row_ = 0, planes_ = 0;
  size_t rows_ = 0, bands_ = 0, per_task_ = 1;
};

}  // namespace

std::unique_ptr<ConvAlgorithm> MakeDepthwiseOnCopies(std::shared_ptr<const ConvLayer> layer,
                                                     const ConvShape& shape, size_t threads) {
  return std::make_unique<DepthwiseCopiesConv>(std::move(layer), shape, threads);
}

}  // namespace convfuse
