#include "ops/conv_depthwise.h"

#include <algorithm>

#include "ops/epilogue.h"
#include "ops/integers.h"

namespace convfuse {
namespace {

// Outputs of a task: enough that starting it (a microsecond at worst) is lost in the work, some
// tens of microseconds.
constexpr size_t kTaskOutputs = 32 << 10;

// Channels handed to the kernel at once.  Even, because two channels may share a vector.
constexpr size_t kMostChannels = 16;

class DepthwiseConv final : public ConvAlgorithm {
 public:
  DepthwiseConv(std::shared_ptr<const ConvLayer> layer, const ConvShape& shape, size_t threads)
      : layer_(std::move(layer)), batch_(shape.batch) {
    const ConvGeometry& g = layer_->geometry;
    for (int a = 0; a < 3; ++a) {
      shape_.in[a] = shape.in[a];
      shape_.out[a] = shape.out[a];
      shape_.kernel[a] = g.kernel[a];
      shape_.stride[a] = g.stride[a];
      shape_.dilation[a] = g.dilation[a];
      shape_.pad[a] = shape.pad_begin[a];
    }
    const Epilogue epilogue(layer_->activation);
    epilogue_ = {epilogue.low, epilogue.high, epilogue.rows ? &layer_->activation : nullptr};
    const size_t planes = batch_ * g.channels_out;
    const size_t plane = std::max<size_t>(1, Volume(shape.out));
    const size_t wanted = threads > 1 ? 8 * threads : 1;
    per_task_ = std::max(CeilDiv(kTaskOutputs, plane), std::min(kMostChannels, planes / wanted));
    per_task_ = std::max<size_t>(2, std::min(per_task_, CeilDiv(planes, threads)));
    per_task_ = RoundUp(per_task_, 2);
    tasks_ = CeilDiv(planes, per_task_);
  }

  std::string Name() const override {
    std::string size;
    for (size_t k : shape_.kernel)
      if (k > 1 || !size.empty()) size += (size.empty() ? " " : "x") + std::to_string(k);
    return "depthwise" + size;
  }

  size_t WorkspaceFloats(size_t) const override { return 0; }

  void Run(const ConvRun& run) const override {
    run.pool->ParallelFor(tasks_, run.threads, [&](size_t task, size_t) {
      const size_t end = std::min((task + 1) * per_task_, batch_ * layer_->geometry.channels_out);
      for (size_t p = task * per_task_; p < end && !run.Cancelled(); p += kMostChannels)
        RunPlanes(run, p, std::min(kMostChannels, end - p));
    });
  }

 private:
  // Planes are counted over the batch: plane p is channel p % M of image p / M.
  void RunPlanes(const ConvRun& run, size_t first, size_t count) const {
    const ConvGeometry& g = layer_->geometry;
    const size_t multiplier = g.channels_out / g.channels_in;
    const size_t in = Volume(shape_.in), out = Volume(shape_.out), taps = layer_->Taps();
    DepthwiseChannel channels[kMostChannels];
    size_t m = first % g.channels_out, copies = first % multiplier;
    const float* x = run.x + first / multiplier * in;
    for (size_t i = 0; i < count; ++i) {
      const size_t plane = first + i;
      DepthwiseChannel& c = channels[i];
      c.x = x;
      c.weight = layer_->weight.data() + m * taps;
      c.add = run.residual ? run.residual + plane * out : nullptr;
      c.out = run.out + plane * out;
      c.bias = layer_->bias[m];
      c.index = m;
      if (++copies == multiplier) copies = 0, x += in;
      if (++m == g.channels_out) m = 0;
    }
    layer_->table->depthwise(shape_, epilogue_, channels, count);
  }

  std::shared_ptr<const ConvLayer> layer_;
  size_t batch_;
  DepthwiseShape shape_;
  DepthwiseEpilogue epilogue_;
  size_t per_task_, tasks_;
};

}  // namespace

bool DepthwiseFits(const ConvLayer& layer) {
  return !layer.geometry.transposed && layer.geometry.channels_in > 0 && layer.GroupIn() == 1;
}

std::unique_ptr<ConvAlgorithm> MakeDepthwiseConv(std::shared_ptr<const ConvLayer> layer,
                                                 const ConvShape& shape, size_t threads) {
  return std::make_unique<DepthwiseConv>(std::move(layer), shape, threads);
}

}  // namespace convfuse
