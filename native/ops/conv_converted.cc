#include "ops/conv_converted.h"

#include "ops/reorder.h"

namespace convfuse {

ConvShape DenseShape(const ConvShape& shape) {
  ConvShape dense = shape;
  dense.x_layout = dense.residual_layout = dense.out_layout = {};
  return dense;
}

ConvShape BlockedShape(const ConvLayer& layer, const ConvShape& shape, bool out) {
  const ConvGeometry& g = layer.geometry;
  ConvShape blocked = shape;
  const auto after = [&](int a) {
    const size_t reads = (shape.out[a] - 1) * g.stride[a] + (g.kernel[a] - 1) * g.dilation[a] + 1;
    const size_t has = shape.pad_begin[a] + shape.in[a];
    return reads > has ? reads - has : 0;
  };
  if (shape.batch * Volume(shape.out) * g.channels_in > 0)
    blocked.x_layout = {true, shape.pad_begin[1], shape.pad_begin[2], after(1), after(2)};
  blocked.residual_layout.blocked = blocked.out_layout.blocked = out;
  return blocked;
}

namespace {

class ConvertedConv final : public ConvAlgorithm {
 public:
  ConvertedConv(std::unique_ptr<ConvAlgorithm> inner, const ConvShape& inner_shape,
                std::shared_ptr<const ConvLayer> layer, const ConvShape& shape)
      : inner_(std::move(inner)), inner_shape_(inner_shape), layer_(std::move(layer)),
        shape_(shape) {
    const ConvGeometry& g = layer_->geometry;
    x_ = {shape.batch, g.channels_in, shape.in[1], shape.in[2]};
    out_ = {shape.batch, g.channels_out, shape.out[1], shape.out[2]};
  }

  std::string Name() const override { return inner_->Name() + ", on copies"; }

  size_t WorkspaceFloats(size_t threads) const override {
    return Inner(threads) + Copy(shape_.x_layout, inner_shape_.x_layout, x_) +
           Copy(shape_.residual_layout, inner_shape_.residual_layout, out_) +
           Copy(shape_.out_layout, inner_shape_.out_layout, out_);
  }

  void Run(const ConvRun& run) const override {
    const KernelTable& table = *layer_->table;
    ConvRun copied = run;
    float* free = run.workspace + Inner(run.threads);
    const auto take = [&](const Layout& from, const Layout& to, const ReorderShape& shape) {
      float* copy = free;
      free += Copy(from, to, shape);
      return copy;
    };
    const auto copy = [&](const Layout& from, const Layout& to, const ReorderShape& shape,
                          const float* x) {
      if (x == nullptr || from == to) return x;
      float* y = take(from, to, shape);
      RunReorder(table, shape, from, x, to, y, *run.pool, run.threads, Halo::kZeros);
      return static_cast<const float*>(y);
    };
    copied.x = copy(shape_.x_layout, inner_shape_.x_layout, x_, run.x);
    copied.residual =
        copy(shape_.residual_layout, inner_shape_.residual_layout, out_, run.residual);
    const bool out = !(shape_.out_layout == inner_shape_.out_layout);
    if (out) copied.out = take(shape_.out_layout, inner_shape_.out_layout, out_);
    inner_->Run(copied);
    if (out && !run.Cancelled())
      RunReorder(table, out_, inner_shape_.out_layout, copied.out, shape_.out_layout, run.out,
                 *run.pool, run.threads);
  }

 private:
  size_t Inner(size_t threads) const { return RoundUp(inner_->WorkspaceFloats(threads), 16); }
  size_t Copy(const Layout& from, const Layout& to, const ReorderShape& shape) const {
    return from == to ? 0 : RoundUp(LayoutFloats(to, layer_->table->lanes, shape), 16);
  }

  std::unique_ptr<ConvAlgorithm> inner_;
  ConvShape inner_shape_;
  std::shared_ptr<const ConvLayer> layer_;
  ConvShape shape_;
  ReorderShape x_, out_;
};

}  // namespace

std::unique_ptr<ConvAlgorithm> MakeConvertedConv(std::unique_ptr<ConvAlgorithm> inner,
                                                 const ConvShape& inner_shape,
                                                 std::shared_ptr<const ConvLayer> layer,
                                                 const ConvShape& shape) {
  return std::make_unique<ConvertedConv>(std::move(inner), inner_shape, std::move(layer), shape);
}

}  // namespace convfuse
