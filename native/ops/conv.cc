#include "ops/conv.h"

#include <math.h>

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "ops/choose.h"
#include "ops/workspace.h"

namespace convfuse {

class ConvPlan {
 public:
  ConvShape shape;
  size_t threads;
  Choice choice;
};

namespace {

// Plans are small (the weights are shared), but a caller with ever new shapes must not grow us.
constexpr size_t kMostPlans = 32;

bool Same(const ConvShape& a, const ConvShape& b) {
  return a.batch == b.batch && std::equal(a.in, a.in + 3, b.in) &&
         std::equal(a.out, a.out + 3, b.out) &&
         std::equal(a.pad_begin, a.pad_begin + 3, b.pad_begin);
}

class ConvImpl final : public Conv {
 public:
  explicit ConvImpl(std::shared_ptr<const ConvLayer> layer) : layer_(std::move(layer)) {}

  std::shared_ptr<const ConvPlan> Prepare(const ConvShape& shape, size_t threads) override {
    threads = std::min(std::max<size_t>(1, threads), ThreadPool::kMaxThreads);
    std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& plan : plans_)
      if (plan->threads == threads && Same(plan->shape, shape)) return plan;
    auto plan = std::make_shared<ConvPlan>();
    plan->shape = shape;
    plan->threads = threads;
    plan->choice = Choose(layer_, shape, threads, &weights_);
    // The first run finds its workspace made.
    WorkspacePool::Lease warm(workspaces_, plan->choice.algorithm->WorkspaceFloats(threads));
    if (plans_.size() == kMostPlans) plans_.erase(plans_.begin());
    plans_.push_back(plan);
    return plan;
  }

  std::string Describe(const ConvPlan& plan) const override {
    return plan.choice.algorithm->Name() + " (" + plan.choice.reason + ")";
  }

  bool Run(const ConvPlan& plan, const float* x, const float* residual, float* out,
           ThreadPool& pool, size_t threads, const std::atomic<bool>* cancel) override {
    threads = std::min(std::max<size_t>(1, threads), ThreadPool::kMaxThreads);
    const ConvAlgorithm& algorithm = *plan.choice.algorithm;
    WorkspacePool::Lease workspace(workspaces_, algorithm.WorkspaceFloats(threads));
    const ConvRun run = {x, residual, out, workspace.data(), &pool, threads, cancel};
    algorithm.Run(run);
    return !run.Cancelled();
  }

 private:
  std::shared_ptr<const ConvLayer> layer_;
  std::mutex mutex_;  // of the two below
  PreparedWeights weights_;
  std::vector<std::shared_ptr<const ConvPlan>> plans_;
  WorkspacePool workspaces_;
};

}  // namespace

std::unique_ptr<Conv> Conv::Create(const ConvGeometry& geometry, const float* weight,
                                   const float* bias, const ConvOptions& options) {
  if (options.precision == Precision::kBfloat16)
    throw std::invalid_argument(std::string("expected an ISA with bfloat16, received ") +
                                options.table->isa);
  auto layer = std::make_shared<ConvLayer>();
  layer->geometry = geometry;
  layer->table = options.table;
  layer->precision = options.precision;
  layer->activation = options.activation;
  const Activation& a = options.activation;
  layer->slope.assign(a.slope, a.slope + a.slopes);
  layer->activation.slope = layer->slope.data();
  const size_t weights = layer->GroupIn() * geometry.channels_out * layer->Taps();
  layer->weight.assign(weight, weight + weights);
  layer->bias.assign(geometry.channels_out, 0);
  if (bias) std::copy_n(bias, geometry.channels_out, layer->bias.data());
  layer->finite_weights = std::all_of(layer->weight.begin(), layer->weight.end(),
                                      [](float w) { return isfinite(w); });
  return std::make_unique<ConvImpl>(std::move(layer));
}

}  // namespace convfuse
