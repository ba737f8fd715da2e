#include "ops/conv_plain.h"

#include <algorithm>

#include "ops/epilogue.h"

namespace convfuse {
namespace {

class PlainConv final : public ConvAlgorithm {
 public:
  PlainConv(std::shared_ptr<const ConvLayer> layer, const ConvShape& shape)
      : layer_(std::move(layer)), shape_(shape) {}

  std::string Name() const override { return "plain"; }
  size_t WorkspaceFloats(size_t) const override { return 0; }

  void Run(const ConvRun& run) const override {
    const size_t rows =
        shape_.batch * layer_->geometry.channels_out * shape_.out[0] * shape_.out[1];
    run.pool->ParallelFor(rows, run.threads, [&](size_t row, size_t) {
      if (!run.Cancelled()) RunRow(run, row);
    });
  }

 private:
  // The input index that output o reads at tap k of axis a, or -1.
  ptrdiff_t Input(int a, size_t o, size_t k) const {
    const ConvGeometry& g = layer_->geometry;
    const ptrdiff_t reach = static_cast<ptrdiff_t>(k * g.dilation[a]);
    const ptrdiff_t pad = static_cast<ptrdiff_t>(shape_.pad_begin[a]);
    const ptrdiff_t stride = static_cast<ptrdiff_t>(g.stride[a]);
    ptrdiff_t i = static_cast<ptrdiff_t>(o);
    if (g.transposed) {
      i += pad - reach;
      if (i % stride != 0) return -1;
      i /= stride;
    } else {
      i = i * stride + reach - pad;
    }
    return i < static_cast<ptrdiff_t>(shape_.in[a]) ? i : -1;
  }

  void RunRow(const ConvRun& run, size_t row) const {
    const ConvGeometry& g = layer_->geometry;
    const size_t oy = row % shape_.out[1], oz = row / shape_.out[1] % shape_.out[0];
    const size_t m = row / (shape_.out[1] * shape_.out[0]) % g.channels_out;
    const size_t n = row / (shape_.out[1] * shape_.out[0] * g.channels_out);
    const size_t plane = Volume(shape_.in);
    const float* x =
        run.x + (n * g.channels_in + m / layer_->GroupOut() * layer_->GroupIn()) * plane;
    float* out = run.out + row * shape_.out[2];
    for (size_t ox = 0; ox < shape_.out[2]; ++ox) {
      double sum = layer_->bias[m];
      for (size_t kz = 0; kz < g.kernel[0]; ++kz)
        for (size_t ky = 0; ky < g.kernel[1]; ++ky)
          for (size_t kx = 0; kx < g.kernel[2]; ++kx) {
            const ptrdiff_t z = Input(0, oz, kz), y = Input(1, oy, ky), i = Input(2, ox, kx);
            if (z < 0 || y < 0 || i < 0) continue;
            const size_t at = (static_cast<size_t>(z) * shape_.in[1] + static_cast<size_t>(y)) *
                                  shape_.in[2] +
                              static_cast<size_t>(i);
            const size_t tap = (kz * g.kernel[1] + ky) * g.kernel[2] + kx;
            for (size_t c = 0; c < layer_->GroupIn(); ++c)
              sum += double{layer_->Weight(m, c, tap)} * double{x[c * plane + at]};
          }
      if (run.residual) sum += run.residual[row * shape_.out[2] + ox];
      out[ox] = static_cast<float>(sum);
    }
    layer_->table->activate_row(layer_->activation, m, shape_.out[2], out);
  }

  std::shared_ptr<const ConvLayer> layer_;
  ConvShape shape_;
};

}  // namespace

std::unique_ptr<ConvAlgorithm> MakePlainConv(std::shared_ptr<const ConvLayer> layer,
                                             const ConvShape& shape) {
  return std::make_unique<PlainConv>(std::move(layer), shape);
}

}  // namespace convfuse
