#include "ops/conv_interleaved.h"

#include <algorithm>
#include <vector>

#include "ops/choose.h"
#include "ops/epilogue.h"
#include "ops/phases.h"

namespace convfuse {
namespace {

// Outputs that a task deals out: some ten microseconds of work.
constexpr size_t kBandFloats = 16 << 10;

// The shape of the plain convolution: one image, with a pixel for each place of the outputs.
ConvShape PlainShape(const ConvLayer& layer, const ConvShape& shape) {
  ConvShape plain = shape;
  plain.batch = 1;
  plain.residual_layout = plain.out_layout = {};
  for (int a = 1; a < 3; ++a) {
    const AxisPlaces places = PlacesOf(layer, shape, a);
    plain.out[a] = places.size;
    plain.pad_begin[a] = places.pad_begin;
  }
  return plain;
}

class InterleavedConv final : public ConvAlgorithm {
 public:
  InterleavedConv(std::shared_ptr<const ConvLayer> layer, InterleavedLayer* plain,
                  const ConvShape& shape, size_t threads)
      : layer_(std::move(layer)), shape_(shape), plain_(PlainShape(*layer_, shape)) {
    const Choice choice = Choose(*plain->layer, plain_, false);
    inner_ = MakeForLayouts(choice.kind, plain->layer, plain_, threads, &plain->weights);
    for (size_t r = 0; r < layer_->geometry.stride[2]; ++r)
      columns_.push_back(PhaseOf(*layer_, shape_, 2, r));
    sums_floats_ = RoundUp(plain->layer->geometry.channels_out * Volume(plain_.out), 16);
  }

  std::string Name() const override { return inner_->Name() + ", interleaved"; }

  size_t WorkspaceFloats(size_t threads) const override {
    return sums_floats_ + inner_->WorkspaceFloats(threads);
  }

  void Run(const ConvRun& run) const override {
    const ConvGeometry& g = layer_->geometry;
    const Layout& layout = shape_.x_layout;
    const size_t in = layout.blocked
                          ? BlockedStrides(layout, layer_->table->lanes, g.channels_in,
                                           shape_.in[1], shape_.in[2]).image
                          : g.channels_in * Volume(shape_.in);
    ConvRun plain = run;
    plain.residual = nullptr;
    plain.out = run.workspace;
    plain.workspace = run.workspace + sums_floats_;
    const size_t fit = std::max<size_t>(1, kBandFloats / shape_.out[2]);
    const size_t bands = CeilDiv(shape_.out[1], fit);
    for (size_t n = 0; n < shape_.batch && !run.Cancelled(); ++n, plain.x += in) {
      inner_->Run(plain);
      run.pool->ParallelFor(g.channels_out * bands, run.threads, [&](size_t task, size_t) {
        const size_t begin = EvenCut(shape_.out[1], task % bands, bands);
        const size_t end = EvenCut(shape_.out[1], task % bands + 1, bands);
        for (size_t y = begin; y < end; ++y) DealRow(run, plain.out, n, task / bands, y);
      });
    }
  }

 private:
  // Row y of an output channel, from a row of sums for each residue of its columns; adds the
  // residual.
  void DealRow(const ConvRun& run, const float* sums, size_t image, size_t channel,
               size_t y) const {
    const ConvGeometry& g = layer_->geometry;
    const size_t width = shape_.out[2], stride = g.stride[2], plane = Volume(plain_.out);
    const size_t at_y = shape_.pad_begin[1] + y;
    const size_t row = at_y / g.stride[1] - shape_.pad_begin[1] / g.stride[1];
    const size_t first = (channel * g.stride[1] + at_y % g.stride[1]) * stride;
    const float* from = sums + first * plane + row * plain_.out[2];
    const size_t at = ((image * g.channels_out + channel) * shape_.out[1] + y) * width;
    float* out = run.out + at;
    const size_t skipped = shape_.pad_begin[2] % stride;  // residues of the first place in the pad
    for (size_t r = 0; r < stride; ++r) {
      const AxisPhase& phase = columns_[r];
      const float* sum = from + r * plane + (r < skipped);
      float* to = out + phase.first;
      const float* add = run.residual ? run.residual + at + phase.first : nullptr;
      for (size_t i = 0; i < phase.size; ++i)
        to[i * stride] = add ? sum[i] + add[i * stride] : sum[i];
    }
    if (layer_->activation.kind != ActivationKind::kIdentity || HasTail(layer_->activation))
      layer_->table->activate_row(layer_->activation, channel, width, out);
  }

  std::shared_ptr<const ConvLayer> layer_;
  ConvShape shape_, plain_;
  std::unique_ptr<ConvAlgorithm> inner_;
  std::vector<AxisPhase> columns_;  // by residue
  size_t sums_floats_;
};

}  // namespace

// A tap that only some residues have becomes a zero weight for the others, and zero times infinity
// would be a NaN where the definition has none: `strict` wants equally many taps for all residues.
bool InterleavedFits(const ConvLayer& layer, const ConvShape& shape) {
  const ConvGeometry& g = layer.geometry;
  if (!HasPhases(layer, shape) || shape.out_layout.blocked || shape.residual_layout.blocked)
    return false;
  const bool even = g.kernel[1] % g.stride[1] == 0 && g.kernel[2] % g.stride[2] == 0;
  return shape.batch > 0 && g.channels_in > 0 && (even || layer.precision != Precision::kStrict);
}

std::shared_ptr<InterleavedLayer> MakeInterleavedLayer(const ConvLayer& layer) {
  const ConvGeometry& g = layer.geometry;
  const size_t residues = g.stride[1] * g.stride[2];
  const auto plain = std::make_shared<ConvLayer>(PlainLayer(layer));
  size_t(&kernel)[3] = plain->geometry.kernel;
  for (int a = 1; a < 3; ++a) kernel[a] = CeilDiv(g.kernel[a], g.stride[a]);
  plain->geometry.channels_out = g.channels_out * residues;
  if (layer.precision != Precision::kStrict) plain->precision = Precision::kDefault;
  plain->streamed_bytes = ~size_t{0};  // they are read at once
  plain->bias.resize(g.channels_out * residues);
  plain->weight.resize(plain->bias.size() * layer.GroupIn() * kernel[1] * kernel[2]);
  float* weight = plain->weight.data();
  for (size_t m = 0; m < plain->bias.size(); ++m) {
    const size_t r = m % residues, y = r / g.stride[2], x = r % g.stride[2];
    plain->bias[m] = layer.bias[m / residues];
    for (size_t c = 0; c < layer.GroupIn(); ++c)
      for (size_t i = kernel[1] * kernel[2]; i-- > 0;) {
        const size_t ky = i / kernel[2] * g.stride[1] + y, kx = i % kernel[2] * g.stride[2] + x;
        const bool exists = ky < g.kernel[1] && kx < g.kernel[2];
        *weight++ = exists ? layer.Weight(m / residues, c, ky * g.kernel[2] + kx) : 0;
      }
  }
  return std::make_shared<InterleavedLayer>(InterleavedLayer{plain, {}});
}

std::unique_ptr<ConvAlgorithm> MakeInterleavedConv(std::shared_ptr<const ConvLayer> layer,
                                                   InterleavedLayer* plain, const ConvShape& shape,
                                                   size_t threads) {
  return std::make_unique<InterleavedConv>(std::move(layer), plain, shape, threads);
}

}  // namespace convfuse
