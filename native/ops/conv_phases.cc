#include "ops/conv_phases.h"

#include <stdint.h>

#include <algorithm>

#include "ops/conv_bf16.h"
#include "ops/conv_blocked.h"
#include "ops/output_store.h"
#include "ops/phases.h"

namespace convfuse {
namespace {

// Floats of a block that a task activates: some ten microseconds of work.
constexpr size_t kBandFloats = 16 << 10;

// The shape of a phase, whose rows and columns are some of the layer's.
ConvShape PhaseShape(const ConvShape& shape, const AxisPhase& row, const AxisPhase& column) {
  ConvShape phase = shape;
  phase.out[1] = row.size;
  phase.out[2] = column.size;
  phase.pad_begin[1] = row.pad_begin;
  phase.pad_begin[2] = column.pad_begin;
  return phase;
}

class PhasesConv final : public ConvAlgorithm {
 public:
  PhasesConv(std::shared_ptr<const ConvLayer> layer, std::shared_ptr<const PhaseWeights> weights,
             const ConvShape& shape, size_t threads)
      : layer_(std::move(layer)), weights_(std::move(weights)), shape_(shape),
        out_(shape_.out_layout, layer_->table->lanes, layer_->geometry.channels_out, shape_.out[1],
             shape_.out[2]) {
    const size_t(&stride)[3] = layer_->geometry.stride;
    for (size_t r = 0; r < stride[1]; ++r)
      for (size_t c = 0; c < stride[2]; ++c) {
        const AxisPhase row = PhaseOf(*layer_, shape_, 1, r);
        const AxisPhase column = PhaseOf(*layer_, shape_, 2, c);
        if (row.size * column.size == 0) continue;
        const PhaseWeights::Phase& phase = weights_->At(r, c);
        const OutputGrid grid = {{row.first, column.first}, {stride[1], stride[2]},
                                 {shape_.out[1], shape_.out[2]}};
        const auto make = phase.weights->element() == Element::kFloat ? MakeBlockedDirectConv
                                                                      : MakeDirectBf16Conv;
        phases_.push_back(make(phase.layer, phase.weights, PhaseShape(shape_, row, column), threads,
                               &grid));
      }
  }

  std::string Name() const override { return phases_[0]->Name() + ", in phases"; }

  size_t WorkspaceFloats(size_t threads) const override {
    size_t floats = 0;
    for (const auto& phase : phases_) floats = std::max(floats, phase->WorkspaceFloats(threads));
    return floats;
  }

  void Run(const ConvRun& run) const override {
    for (const auto& phase : phases_) phase->Run(run);
    if (Epilogue(layer_->activation).rows) Activate(run);
  }

 private:
  // Neighbouring pixels belong to different phases, so that rows are activated once all phases have
  // been computed.
  void Activate(const ConvRun& run) const {
    const size_t height = shape_.out[1], width = shape_.out[2];
    const size_t blocks = CeilDiv(layer_->geometry.channels_out, layer_->table->lanes);
    const size_t fit = std::max<size_t>(1, kBandFloats / (width * layer_->table->lanes));
    const size_t bands = CeilDiv(height, fit);
    run.pool->ParallelFor(shape_.batch * blocks * bands, run.threads, [&](size_t task, size_t) {
      if (run.Cancelled()) return;
      const size_t row = EvenCut(height, task % bands, bands);
      const size_t rows = EvenCut(height, task % bands + 1, bands) - row;
      const size_t block = task / bands % blocks, image = task / (bands * blocks);
      ActivateBlock(*layer_, block, rows, width, out_.row, run.out + out_.At(image, block, row));
    });
  }

  std::shared_ptr<const ConvLayer> layer_;
  std::shared_ptr<const PhaseWeights> weights_;
  ConvShape shape_;
  BlockedStrides out_;
  std::vector<std::unique_ptr<ConvAlgorithm>> phases_;
};

}  // namespace

PhaseWeights::PhaseWeights(const ConvLayer& layer, Element element)
    : columns_(layer.geometry.stride[2]) {
  const size_t(&stride)[3] = layer.geometry.stride;
  const size_t(&kernel)[3] = layer.geometry.kernel;
  for (size_t r = 0; r < stride[1]; ++r)
    for (size_t c = 0; c < columns_; ++c) {
      const auto plain = std::make_shared<ConvLayer>(PlainLayer(layer));
      if (!Epilogue(layer.activation).rows) plain->activation = layer.activation;
      const size_t rows = plain->geometry.kernel[1] = CeilDiv(kernel[1] - r, stride[1]);
      const size_t columns = plain->geometry.kernel[2] = CeilDiv(kernel[2] - c, columns_);
      plain->weight.reserve(layer.geometry.channels_out * layer.GroupIn() * rows * columns);
      for (size_t m = 0; m < layer.geometry.channels_out; ++m)
        for (size_t i = 0; i < layer.GroupIn(); ++i)
          for (size_t y = rows; y-- > 0;)
            for (size_t x = columns; x-- > 0;)
              plain->weight.push_back(layer.Weight(
                  m, i, (r + y * stride[1]) * kernel[2] + c + x * stride[2]));
      const auto weights = std::make_shared<DirectWeights>(*plain, element, WeightOrder::kByGroups);
      plain->weight = {};
      phases_.push_back({plain, weights});
    }
}

bool PhasesFits(const ConvLayer& layer, const ConvShape& shape, Element element) {
  if (!HasPhases(layer, shape) || !shape.x_layout.blocked || !shape.out_layout.blocked)
    return false;
  if (BlockedPlanes(layer, shape).LargestImage() > UINT32_MAX) return false;
  ConvLayer plain = PlainLayer(layer);
  const auto fits = element == Element::kFloat ? BlockedDirectFits : DirectBf16Fits;
  for (size_t r = 0; r < layer.geometry.stride[1]; ++r)
    for (size_t c = 0; c < layer.geometry.stride[2]; ++c) {
      const AxisPhase row = PhaseOf(layer, shape, 1, r), column = PhaseOf(layer, shape, 2, c);
      plain.geometry.kernel[1] = row.taps;
      plain.geometry.kernel[2] = column.taps;
      if (row.size * column.size > 0 && !fits(plain, PhaseShape(shape, row, column))) return false;
    }
  return true;
}

std::unique_ptr<ConvAlgorithm> MakePhasesConv(std::shared_ptr<const ConvLayer> layer,
                                              std::shared_ptr<const PhaseWeights> weights,
                                              const ConvShape& shape, size_t threads) {
  return std::make_unique<PhasesConv>(std::move(layer), std::move(weights), shape, threads);
}

}  // namespace convfuse
