// Runs that overlap on one layer, some of them cancelled at random moments: those that finish give
// the bits of an undisturbed run, none writes outside its output, and the layer goes on working.
#include <math.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "kernels/reference.h"
#include "ops/conv.h"
#include "test/arrange.h"
#include "test/guarded.h"
#include "test/suites.h"
#include "test/tables.h"

namespace convfuse::test {
namespace {

constexpr size_t kChannels = 37, kSide = 19, kCallers = 3;
constexpr size_t kCapacity = 3 * (kChannels + 16) * (kSide + 4) * (kSide + 4);

struct Case {
  const char* name;
  size_t groups, kernel;
  Precision precision;
  bool blocked;
};

const Case kCases[] = {
    {"direct", 1, 3, Precision::kStrict, false},
    {"direct on blocks", 1, 3, Precision::kStrict, true},
    {"1x1 on blocks", 1, 1, Precision::kStrict, true},
    {"depthwise on blocks", kChannels, 3, Precision::kStrict, true},
    {"Winograd", 1, 3, Precision::kFast, false},
    {"Winograd on blocks", 1, 3, Precision::kFast, true},
};

class Problem {
 public:
  Problem(const KernelTable& table, const Case& c, Random& random)
      : name_(std::string(table.isa) + " " + c.name) {
    ConvGeometry g;
    g.channels_in = g.channels_out = kChannels;
    g.groups = c.groups;
    g.kernel[1] = g.kernel[2] = c.kernel;
    shape_.batch = 2;
    for (int a = 1; a < 3; ++a) {
      shape_.in[a] = shape_.out[a] = kSide;
      shape_.pad_begin[a] = c.kernel / 2;
    }
    if (c.blocked) {
      shape_.x_layout = {true, 1, 1, 2, 2};
      shape_.out_layout = shape_.residual_layout = {true, 0, 1, 1, 0};
    }
    const ReorderShape s = {2, kChannels, kSide, kSide};
    std::vector<float> weight(kChannels * kChannels / c.groups * c.kernel * c.kernel);
    std::vector<float> dense(LayoutFloats({}, table.lanes, s));
    for (float& v : weight) v = random.Real();
    for (float& v : dense) v = random.Real();
    Arrange(table, shape_.x_layout, s, dense.data(), x_, false, 0, 0);
    floats_ = LayoutFloats(shape_.out_layout, table.lanes, s);
    ConvOptions options;
    options.table = &table;
    options.precision = c.precision;
    options.activation.kind = ActivationKind::kSilu;
    conv_ = Conv::Create(g, weight.data(), nullptr, options);
    // Halos keep what is put here; both have the same lanes past the last channel.
    first_.assign(floats_, 0.0f);
    Check(RunOnce(first_.data(), 1, nullptr), name_ + " finished");
  }

  size_t floats() const { return floats_; }
  const std::string& name() const { return name_; }

  bool RunOnce(float* out, size_t threads, const std::atomic<bool>* cancel) {
    const auto plan = conv_->Prepare(shape_, threads);
    return conv_->Run(*plan, x_.data(), nullptr, out, pool_, threads, cancel);
  }

  bool IsRight(const float* out) const { return SameBits(out, first_.data(), floats_); }

 private:
  std::string name_;
  ConvShape shape_;
  Guarded x_{kCapacity};
  size_t floats_ = 0;
  std::unique_ptr<Conv> conv_;
  std::vector<float> first_;
  ThreadPool pool_{2};
};

// One caller among several.  Each counts its own failures: Fail is not thread safe.
struct Caller {
  Guarded out{kCapacity};
  size_t wrong = 0, finished = 0, stopped = 0;

  void Run(Problem* problem, size_t rounds, Random random) {
    for (size_t i = 0; i < rounds; ++i) {
      float* to = out.Place(problem->floats(), random.Chance(50));
      std::fill(to, to + problem->floats(), 0.0f);
      std::atomic<bool> cancel{false};
      std::thread canceller;
      if (random.Chance(70))
        canceller = std::thread([&, wait = random.Below(300)] {
          std::this_thread::sleep_for(std::chrono::microseconds(wait));
          cancel = true;
        });
      const bool done = problem->RunOnce(to, random.Between(1, 4), &cancel);
      if (canceller.joinable()) canceller.join();
      ++(done ? finished : stopped);
      wrong += (done && !problem->IsRight(to)) || !out.Intact();
    }
  }
};

}  // namespace

void TestCancel(const Options& options) {
  const size_t rounds = 3 + options.configs / 40;
  Random random(options.seed);
  size_t finished = 0, stopped = 0;
  for (const KernelTable* table : TestedTables(options))
    for (const Case& c : kCases) {
      Problem problem(*table, c, random);
      Caller callers[kCallers];
      std::vector<std::thread> threads;
      for (Caller& caller : callers)
        threads.emplace_back(
            [&, own = Random(random.Next())] { caller.Run(&problem, rounds, own); });
      for (std::thread& t : threads) t.join();
      for (const Caller& caller : callers) {
        Check(caller.wrong == 0, problem.name() + " among cancelled runs");
        finished += caller.finished, stopped += caller.stopped;
      }
      std::vector<float> after(problem.floats(), 0.0f);
      Check(problem.RunOnce(after.data(), 3, nullptr) && problem.IsRight(after.data()),
            problem.name() + " after cancelled runs");
    }
  Check(finished > 0 && stopped > 0, "some runs finish and some are stopped");
}

}  // namespace convfuse::test
