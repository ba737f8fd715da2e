#include "ops/conv_planes.h"

#include <algorithm>
#include <limits>

#include "ops/epilogue.h"
#include "ops/integers.h"
#include "ops/padded_rows.h"

namespace convfuse {

bool PlanesFits(const ConvLayer& layer, const ConvShape& shape) {
  return shape.IsDense() && layer.geometry.groups == 1 && layer.geometry.stride[2] == 1 &&
         layer.geometry.channels_out <= kPlaneChannels && DirectFits(layer, shape);
}

namespace {

// The copy of a block of channels, which all rows of a band read: half of a 512 KB L2.
constexpr size_t kCopyFloats = (256 << 10) / sizeof(float);

class PlanesConv final : public ConvAlgorithm {
 public:
  PlanesConv(std::shared_ptr<const ConvLayer> layer, std::shared_ptr<const DirectWeights> weights,
             const ConvShape& shape, size_t threads)
      : layer_(std::move(layer)), weights_(std::move(weights)), shape_(shape),
        epilogue_(layer_->activation), rows_(BandRows(threads)),
        bands_(CeilDiv(shape_.out[1], std::max<size_t>(1, rows_))),
        copied_(*layer_, weights_->most_elements(), rows_, shape_.out[2]),
        offsets_(copied_.Offsets()) {}

  std::string Name() const override {
    return "direct " + std::to_string(kPlaneChannels) + " planes";
  }

  size_t WorkspaceFloats(size_t threads) const override { return threads * SlotFloats(); }

  void Run(const ConvRun& run) const override {
    run.pool->ParallelFor(shape_.batch * bands_, run.threads, [&](size_t task, size_t slot) {
      if (!run.Cancelled()) RunBand(run, task, run.workspace + slot * SlotFloats());
    });
  }

 private:
  size_t SlotFloats() const {
    return RoundUp(copied_.Floats() + layer_->table->plane_slack, 16);
  }

  // Rows that two bands read are copied twice: a band has more rows than these, where it can.
  size_t BandRows(size_t threads) const {
    const ConvGeometry& g = layer_->geometry;
    const PaddedRows one(*layer_, weights_->most_elements(), 1, shape_.out[2]);
    const size_t height = shape_.out[1], reach = (g.kernel[1] - 1) * g.dilation[1];
    const size_t fit = kCopyFloats / std::max<size_t>(1, weights_->most_elements() *
                                                             one.row_stride * g.stride[1]);
    const size_t fewest = reach + 1;
    const size_t rows = std::min(height, std::max(fewest, fit > reach ? fit - reach : 1));
    const size_t wanted = threads > 1 ? CeilDiv(4 * threads, std::max<size_t>(1, shape_.batch)) : 1;
    return std::min(rows, std::max(fewest, CeilDiv(height, wanted)));
  }

  void RunBand(const ConvRun& run, size_t task, float* scratch) const {
    const ConvGeometry& g = layer_->geometry;
    const KernelTable& table = *layer_->table;
    const size_t image = task / bands_, row = task % bands_ * rows_;
    const size_t rows = std::min(rows_, shape_.out[1] - row);
    const size_t in_plane = shape_.in[1] * shape_.in[2], plane = shape_.out[1] * shape_.out[2];
    const size_t base = image * g.channels_out * plane;
    PaddedCopy copy = copied_.CopyFor(shape_, row, rows, scratch);
    PlaneRow r = {};
    r.offset = offsets_.data();
    r.channels = g.channels_out;
    r.pixels = shape_.out[2];
    r.stride = plane;
    r.low = -std::numeric_limits<float>::infinity();
    r.high = std::numeric_limits<float>::infinity();
    for (size_t b = 0; b < weights_->blocks(); ++b) {
      copy.in = run.x + (image * g.channels_in + weights_->ElementBegin(b)) * in_plane;
      copy.channels = weights_->Elements(b);
      table.copy_padded(copy);
      r.k = weights_->Elements(b) * layer_->Taps();
      r.weight = weights_->Slice(0, b, 0);
      const bool last = b + 1 == weights_->blocks();
      if (last) {
        r.bias = layer_->bias.data();
        r.low = epilogue_.low;
        r.high = epilogue_.high;
      }
      for (size_t y = 0; y < rows; ++y) {
        const size_t at = base + (row + y) * shape_.out[2];
        r.x = scratch + y * g.stride[1] * copied_.row_stride;
        r.out = run.out + at;
        r.add = b > 0 ? r.out : run.residual ? run.residual + at : nullptr;
        table.plane_row(r);
        for (size_t m = 0; last && epilogue_.rows && m < g.channels_out; ++m)
          table.activate_row(layer_->activation, m, r.pixels, r.out + m * plane);
      }
    }
  }

  std::shared_ptr<const ConvLayer> layer_;
  std::shared_ptr<const DirectWeights> weights_;
  ConvShape shape_;
  Epilogue epilogue_;
  size_t rows_, bands_;
  PaddedRows copied_;
  std::vector<uint32_t> offsets_;
};

}  // namespace

std::unique_ptr<ConvAlgorithm> MakePlanesConv(std::shared_ptr<const ConvLayer> layer,
                                              std::shared_ptr<const DirectWeights> weights,
                                              const ConvShape& shape, size_t threads) {
  return std::make_unique<PlanesConv>(std::move(layer), std::move(weights), shape, threads);
}

}  // namespace convfuse
