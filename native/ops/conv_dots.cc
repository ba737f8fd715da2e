#include "ops/conv_dots.h"

#include <stdint.h>

#include <algorithm>
#include <vector>

#include "ops/conv_blocked.h"
#include "ops/epilogue.h"

namespace convfuse {
namespace {

// Products of a task: some ten microseconds of work.
constexpr size_t kTaskProducts = 512 << 10;

// The products that a lane adds up for one output.
size_t Products(const ConvLayer& layer) {
  return layer.Taps() * CeilDiv(layer.GroupIn(), layer.table->lanes);
}

// Where other algorithms add up blocks of products, a lane adds up one chain.  Chains of twice the
// length still err less than docs/numerics.md allows, but strict shall err as little as can be.
size_t LongestChain(const ConvLayer& layer) {
  return layer.precision == Precision::kStrict ? LargestSum(layer) : 2 * LargestSum(layer);
}

class DotsConv final : public ConvAlgorithm {
 public:
  DotsConv(std::shared_ptr<const ConvLayer> layer, std::shared_ptr<const DotWeights> weights,
           const ConvShape& shape, size_t threads)
      : layer_(std::move(layer)), weights_(std::move(weights)), shape_(shape),
        epilogue_(layer_->activation), planes_(*layer_, shape_) {
    const ConvGeometry& g = layer_->geometry;
    const size_t lanes = layer_->table->lanes, blocks = CeilDiv(g.channels_in, lanes);
    // The products of the last block come last: BlockedDots::partial.
    for (size_t b = 0; b < blocks; ++b)
      for (size_t y = 0; y < g.kernel[1]; ++y)
        for (size_t x = 0; x < g.kernel[2]; ++x)
          products_.push_back(static_cast<uint32_t>(
              b * planes_.x.block + y * g.dilation[1] * planes_.x.row + x * g.dilation[2] * lanes));
    const size_t row = shape_.out[2] * Products(*layer_) * lanes * g.channels_out;
    const size_t tasks = std::max(CeilDiv(shape_.out[1] * row, kTaskProducts),
                                  CeilDiv(threads, shape_.batch));
    bands_ = std::min(shape_.out[1], tasks);
    // Rows without a halo between them are computed as one.
    joined_ = planes_.x.row == shape_.out[2] * lanes && g.stride[1] == 1 && g.stride[2] == 1;
  }

  std::string Name() const override { return "dot products on blocks"; }

  size_t WorkspaceFloats(size_t) const override { return 0; }

  void Run(const ConvRun& run) const override {
    run.pool->ParallelFor(shape_.batch * bands_, run.threads, [&](size_t task, size_t) {
      if (!run.Cancelled()) RunBand(run, task / bands_, task % bands_);
    });
  }

 private:
  void RunBand(const ConvRun& run, size_t image, size_t band) const {
    const ConvGeometry& g = layer_->geometry;
    const KernelTable& table = *layer_->table;
    const size_t begin = EvenCut(shape_.out[1], band, bands_);
    const size_t rows = EvenCut(shape_.out[1], band + 1, bands_) - begin;
    const size_t width = shape_.out[2], plane = shape_.out[1] * width;
    BlockedDots d = {};
    d.step = g.stride[2] * table.lanes;
    d.product = products_.data();
    d.products = products_.size();
    d.channels = g.channels_in % table.lanes;
    d.partial = d.channels > 0 ? layer_->Taps() : 0;
    d.weight = weights_->data();
    d.bias = layer_->bias.data();
    d.stride = plane;
    d.pixels = joined_ ? rows * width : width;
    d.outputs = g.channels_out;
    d.low = epilogue_.low;
    d.high = epilogue_.high;
    for (size_t y = begin; y < begin + rows; y += joined_ ? rows : 1) {
      const size_t at = image * g.channels_out * plane + y * width;
      d.x = run.x + planes_.x.At(image, 0, y * g.stride[1]) -
            shape_.pad_begin[1] * planes_.x.row - shape_.pad_begin[2] * table.lanes;
      d.add = run.residual ? run.residual + at : nullptr;
      d.out = run.out + at;
      table.blocked_dots(d);
      for (size_t m = 0; epilogue_.rows && m < d.outputs; ++m)
        table.activate_row(layer_->activation, m, d.pixels, d.out + m * plane);
    }
  }

  std::shared_ptr<const ConvLayer> layer_;
  std::shared_ptr<const DotWeights> weights_;
  ConvShape shape_;
  Epilogue epilogue_;
  BlockedPlanes planes_;
  std::vector<uint32_t> products_;
  size_t bands_;
  bool joined_;
};

}  // namespace

DotWeights::DotWeights(const ConvLayer& layer) {
  const size_t lanes = layer.table->lanes, blocks = CeilDiv(layer.GroupIn(), lanes);
  data_.Reserve(layer.geometry.channels_out * blocks * layer.Taps() * lanes);
  float* out = data_.data();
  for (size_t m = 0; m < layer.geometry.channels_out; ++m)
    for (size_t b = 0; b < blocks; ++b)
      for (size_t tap = 0; tap < layer.Taps(); ++tap)
        for (size_t c = b * lanes; c < (b + 1) * lanes; ++c)
          *out++ = c < layer.GroupIn() ? layer.Weight(m, c, tap) : 0;
}

bool DotsFits(const ConvLayer& layer, const ConvShape& shape) {
  return BlockedFits(layer, shape) && !shape.out_layout.blocked && !shape.residual_layout.blocked &&
         layer.geometry.groups == 1 && layer.geometry.stride[2] <= 2 &&
         layer.geometry.channels_in > 0 && shape.batch > 0 &&
         Products(layer) <= LongestChain(layer) &&
         BlockedPlanes(layer, shape).x.image <= UINT32_MAX;
}

std::unique_ptr<ConvAlgorithm> MakeDotsConv(std::shared_ptr<const ConvLayer> layer,
                                            std::shared_ptr<const DotWeights> weights,
                                            const ConvShape& shape, size_t threads) {
  return std::make_unique<DotsConv>(std::move(layer), std::move(weights), shape, threads);
}

}  // namespace convfuse
