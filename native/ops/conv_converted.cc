#include "ops/conv_converted.h"

#include "ops/reorder.h"

namespace convfuse {

ConvShape DenseShape(const ConvShape& shape) {
  ConvShape dense = shape;
  dense.x_layout = dense.residual_layout = dense.out_layout = {};
  return dense;
}

namespace {

class ConvertedConv final : public ConvAlgorithm {
 public:
  ConvertedConv(std::unique_ptr<ConvAlgorithm> inner, std::shared_ptr<const ConvLayer> layer,
                const ConvShape& shape)
      : inner_(std::move(inner)), layer_(std::move(layer)), shape_(shape) {
    const ConvGeometry& g = layer_->geometry;
    x_ = {shape.batch, g.channels_in, shape.in[1], shape.in[2]};
    out_ = {shape.batch, g.channels_out, shape.out[1], shape.out[2]};
  }

  std::string Name() const override { return inner_->Name() + " on dense copies"; }

  size_t WorkspaceFloats(size_t threads) const override {
    return Inner(threads) + Copy(shape_.x_layout, x_) + Copy(shape_.residual_layout, out_) +
           Copy(shape_.out_layout, out_);
  }

  void Run(const ConvRun& run) const override {
    const KernelTable& table = *layer_->table;
    ConvRun dense = run;
    float* free = run.workspace + Inner(run.threads);
    const auto take = [&](const Layout& layout, const ReorderShape& shape) {
      float* copy = free;
      free += Copy(layout, shape);
      return copy;
    };
    const auto to_dense = [&](const Layout& from, const ReorderShape& shape, const float* x) {
      float* copy = take(from, shape);
      RunReorder(table, shape, from, x, {}, copy, *run.pool, run.threads);
      return copy;
    };
    if (shape_.x_layout.blocked) dense.x = to_dense(shape_.x_layout, x_, run.x);
    if (shape_.residual_layout.blocked && run.residual)
      dense.residual = to_dense(shape_.residual_layout, out_, run.residual);
    if (shape_.out_layout.blocked) dense.out = take(shape_.out_layout, out_);
    inner_->Run(dense);
    if (shape_.out_layout.blocked && !run.Cancelled())
      RunReorder(table, out_, {}, dense.out, shape_.out_layout, run.out, *run.pool, run.threads);
  }

 private:
  size_t Inner(size_t threads) const { return RoundUp(inner_->WorkspaceFloats(threads), 16); }
  static size_t Copy(const Layout& layout, const ReorderShape& shape) {
    return layout.blocked ? RoundUp(LayoutFloats({}, 1, shape), 16) : 0;
  }

  std::unique_ptr<ConvAlgorithm> inner_;
  std::shared_ptr<const ConvLayer> layer_;
  ConvShape shape_;
  ReorderShape x_, out_;
};

}  // namespace

std::unique_ptr<ConvAlgorithm> MakeConvertedConv(std::unique_ptr<ConvAlgorithm> inner,
                                                 std::shared_ptr<const ConvLayer> layer,
                                                 const ConvShape& shape) {
  return std::make_unique<ConvertedConv>(std::move(inner), std::move(layer), shape);
}

}  // namespace convfuse
