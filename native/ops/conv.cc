#include "ops/conv.h"

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "ops/choose.h"
#include "ops/tune.h"
#include "ops/workspace.h"

namespace convfuse {

class ConvPlan {
 public:
  ConvShape shape;
  size_t threads;
  AlgorithmKind kind;
  std::unique_ptr<ConvAlgorithm> algorithm;
  const char* reason;
};

namespace {

// Plans are small (the weights are shared), but a caller with ever new shapes must not fill memory.
constexpr size_t kMostPlans = 32;

bool Same(const ConvShape& a, const ConvShape& b) {
  return a.batch == b.batch && std::equal(a.in, a.in + 3, b.in) &&
         std::equal(a.out, a.out + 3, b.out) &&
         std::equal(a.pad_begin, a.pad_begin + 3, b.pad_begin) && a.x_layout == b.x_layout &&
         a.residual_layout == b.residual_layout && a.out_layout == b.out_layout;
}

class ConvImpl final : public Conv {
 public:
  ConvImpl(std::shared_ptr<const ConvLayer> layer, const ConvOptions& options)
      : layer_(std::move(layer)), tune_(options.tune), workspaces_(options.workspaces) {
    if (!workspaces_) workspaces_ = std::make_shared<WorkspacePool>();
  }

  std::shared_ptr<const ConvPlan> Prepare(const ConvShape& shape, size_t threads) override {
    threads = std::min(std::max<size_t>(1, threads), ThreadPool::kMaxThreads);
    std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& plan : plans_)
      if (plan->threads == threads && Same(plan->shape, shape)) return plan;
    auto plan = std::make_shared<ConvPlan>();
    plan->shape = shape;
    plan->threads = threads;
    const Choice choice = ChoiceFor(shape, threads);
    plan->algorithm = MakeForLayouts(choice.kind, layer_, shape, threads, &weights_);
    plan->reason = choice.reason;
    plan->kind = choice.kind;
    // Allocates now what the first run needs.
    WorkspacePool::Lease warm(*workspaces_, plan->algorithm->WorkspaceFloats(threads));
    if (plans_.size() == kMostPlans) plans_.erase(plans_.begin());
    plans_.push_back(plan);
    return plan;
  }

  std::string Describe(const ConvPlan& plan) const override {
    return plan.algorithm->Name() + " (" + plan.reason + ")";
  }

  bool Run(const ConvPlan& plan, const float* x, const float* residual, float* out,
           ThreadPool& pool, size_t threads, const std::atomic<bool>* cancel) override {
    threads = std::min(std::max<size_t>(1, threads), ThreadPool::kMaxThreads);
    const ConvAlgorithm& algorithm = *plan.algorithm;
    WorkspacePool::Lease workspace(*workspaces_, algorithm.WorkspaceFloats(threads));
    const ConvRun run = {x, residual, out, workspace.data(), &pool, threads, cancel};
    algorithm.Run(run);
    return !run.Cancelled();
  }

  std::shared_ptr<const ConvAlgorithm> MakeBand(const ConvShape& whole,
                                                const ConvShape& band) override {
    std::lock_guard<std::mutex> lock(mutex_);
    const AlgorithmKind kind = ChoiceFor(whole, 1).kind;
    if (!ComputesRows(kind, !whole.x_layout.blocked) || !Fits(kind, *layer_, whole) ||
        !Fits(kind, *layer_, band))
      return nullptr;
    return MakeAlgorithm(kind, layer_, band, 1, &weights_);
  }

  const ConvLayer& layer() const override { return *layer_; }

 private:
  // A choice that was measured for a shape holds for every number of threads: results must not
  // depend on it.
  Choice ChoiceFor(const ConvShape& shape, size_t threads) {
    if (!tune_ || !shape.IsDense()) return Choose(*layer_, shape);
    for (const auto& plan : plans_)
      if (Same(plan->shape, shape)) return {plan->kind, plan->reason};
    return Tune(layer_, shape, threads);
  }

  std::shared_ptr<const ConvLayer> layer_;
  bool tune_;
  std::mutex mutex_;  // guards weights_ and plans_
  PreparedWeights weights_;
  std::vector<std::shared_ptr<const ConvPlan>> plans_;
  std::shared_ptr<WorkspacePool> workspaces_;
};

}  // namespace

std::unique_ptr<Conv> Conv::Create(const ConvGeometry& geometry, const float* weight,
                                   const float* bias, const ConvOptions& options) {
  if (options.precision == Precision::kBfloat16 && !options.table->blocked_tile_bf16)
    throw std::invalid_argument(std::string("expected an ISA with bfloat16, received ") +
                                options.table->isa);
  return std::make_unique<ConvImpl>(MakeLayer(geometry, weight, bias, options), options);
}

}  // namespace convfuse
