// Winograd algorithms of every ISA: awkward grids of tiles, accuracy, and how far a NaN spreads.
// conv_test.cc runs them on random geometry too.
#include <math.h>

#include <algorithm>
#include <vector>

#include "kernels/reference.h"
#include "ops/algorithms.h"
#include "test/guarded.h"
#include "test/suites.h"
#include "test/tables.h"

namespace convfuse::test {
namespace {

struct Case {
  AlgorithmKind kind;
  size_t kernel, stride, pad;
  double error;  // largest relative L2 distance from double after ReLU, 64 channels (12 phases)
};

// 1.3 times the figures that docs/numerics.md has for 64 channels @56 and for the 7 x 7 layer.
const Case kCases[] = {
    {AlgorithmKind::kWinogradF2, 3, 1, 1, 3.4e-7},
    {AlgorithmKind::kWinogradF4, 3, 1, 1, 1.1e-6},
    {AlgorithmKind::kWinogradStride2, 3, 2, 1, 3.3e-7},
    {AlgorithmKind::kWinogradPolyphase, 7, 2, 3, 5.2e-7},
};

struct Sizes {
  size_t batch, channels, outputs, groups, height, width;
};

bool IsExact(const Case& c) {
  return c.kind == AlgorithmKind::kWinogradF2 || c.kind == AlgorithmKind::kWinogradStride2;
}

// One layer on one shape, its data, and its output at some number of threads.
class Problem {
 public:
  Problem(const KernelTable& table, const Case& c, const Sizes& s, bool integers, uint64_t seed)
      : case_(c), sizes_(s) {
    geometry_.channels_in = s.channels;
    geometry_.channels_out = s.outputs;
    geometry_.groups = s.groups;
    geometry_.kernel[1] = geometry_.kernel[2] = c.kernel;
    geometry_.stride[1] = geometry_.stride[2] = c.stride;
    shape_.batch = s.batch;
    shape_.in[1] = s.height, shape_.in[2] = s.width;
    for (int a = 1; a < 3; ++a) {
      shape_.pad_begin[a] = c.pad;
      shape_.out[a] = (shape_.in[a] + 2 * c.pad - c.kernel) / c.stride + 1;
    }
    Random random(seed);
    const auto fill = [&](std::vector<float>* v, size_t n) {
      v->resize(n);
      for (float& x : *v) x = integers ? random.Integer(3) : random.Real();
    };
    fill(&x, s.batch * s.channels * s.height * s.width);
    fill(&weight_, s.outputs * s.channels / s.groups * c.kernel * c.kernel);
    fill(&bias_, s.outputs);
    ConvOptions options;
    options.table = &table;
    options.precision = Precision::kFast;
    options.activation.kind = ActivationKind::kRelu;
    layer_ = MakeLayer(geometry_, weight_.data(), bias_.data(), options);
    name_ = std::string(table.isa) + " kind " + std::to_string(static_cast<int>(c.kind)) + " n " +
            std::to_string(s.batch) + " c " + std::to_string(s.channels) + " m " +
            std::to_string(s.outputs) + " groups " + std::to_string(s.groups) + " @" +
            std::to_string(s.height) + "x" + std::to_string(s.width);
    Check(Fits(c.kind, *layer_, shape_), name_ + " fits");
  }

  std::vector<float> Run(ThreadPool& pool, size_t threads) const {
    PreparedWeights prepared;
    const auto algorithm = MakeAlgorithm(case_.kind, layer_, shape_, threads, &prepared);
    const size_t out = sizes_.batch * sizes_.outputs * Volume(shape_.out);
    Guarded workspace(algorithm->WorkspaceFloats(threads) + 64), guarded(out + 64);
    float* to = guarded.Place(out, true);
    const size_t scratch = (algorithm->WorkspaceFloats(threads) + 15) / 16 * 16;
    float* room = workspace.Place(scratch, true);
    const ConvRun run = {x.data(), nullptr, to, room, &pool, threads, nullptr};
    algorithm->Run(run);
    Check(workspace.Intact() && guarded.Intact(), name_ + " stays inside its buffers");
    return std::vector<float>(to, to + out);
  }

  std::vector<double> Reference() const {
    auto sums = reference::Conv(geometry_, shape_, x.data(), weight_.data(), bias_.data(), nullptr);
    for (double& v : sums.value) v = v < 0 ? 0 : v;
    return sums.value;
  }

  const std::string& name() const { return name_; }
  const ConvShape& shape() const { return shape_; }

  std::vector<float> x;

 private:
  Case case_;
  Sizes sizes_;
  ConvGeometry geometry_;
  ConvShape shape_;
  std::vector<float> weight_, bias_;
  std::shared_ptr<const ConvLayer> layer_;
  std::string name_;
};

double RelativeL2(const std::vector<float>& got, const std::vector<double>& want) {
  double error = 0, norm = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    error += (got[i] - want[i]) * (got[i] - want[i]);
    norm += want[i] * want[i];
  }
  return sqrt(error / norm);
}

// The number of input channels that Case::error is for.
size_t AccuracyChannels(const Case& c) {
  return c.kind == AlgorithmKind::kWinogradPolyphase ? 3 : 64;
}

// Blocks that cross images, rows of tiles that are cut, planes below one tile, odd channels, sums
// in blocks.
void CheckGrids(const KernelTable& table, ThreadPool& pool, const Case& c) {
  const size_t wide = table.direct_channels;
  // Products of two blocks, the second of which ends inside a vector; rounding grows like the root.
  const size_t long_sum = c.kind == AlgorithmKind::kWinogradPolyphase ? 76 : 301;
  const double longer = sqrt(static_cast<double>(long_sum) / AccuracyChannels(c));
  const Sizes sizes[] = {
      {1, 1, 1, 1, 7, 7},          {3, 5, 3, 1, 9, 11},         {5, 17, wide + 1, 1, 8, 7},
      {1, 3, 2, 1, 3, 610},        {2, 6, 2 * wide, 2, 13, 14}, {1, 33, 7, 1, 40, 9},
      {2, 2, 1, 1, 131, 5},        {1, 2, 5, 1, 12, 265},        {1, long_sum, 3, 1, 9, 13},
  };
  for (const Sizes& s : sizes) {
    const Problem problem(table, c, s, true, 1);
    const std::vector<double> want = problem.Reference();
    const std::vector<float> one = problem.Run(pool, 1);
    for (size_t threads : {2, 3, 8})
      Check(problem.Run(pool, threads) == one,
            problem.name() + " same bits on " + std::to_string(threads) + " threads");
    if (IsExact(c))
      Check(std::equal(one.begin(), one.end(), want.begin()), problem.name() + " is exact");
    else
      Check(RelativeL2(one, want) <= 2 * c.error * (s.channels == long_sum ? longer : 1),
            problem.name() + " is near");
  }
}

void CheckAccuracy(const KernelTable& table, ThreadPool& pool, const Case& c) {
  const Problem problem(table, c, {1, AccuracyChannels(c), 16, 1, 28, 28}, false, 2);
  const double error = RelativeL2(problem.Run(pool, 1), problem.Reference());
  if (getenv("CONVFUSE_PRINT_ULP")) printf("%s: relative L2 %.2g\n", problem.name().c_str(), error);
  Check(error <= c.error, problem.name() + ": relative L2 " + std::to_string(error * 1e6) + "e-6");
}

// A NaN reaches every output that the definition gives it, and stays within the tiles it touches:
// two tiles of outputs either way at most.
void CheckNan(const KernelTable& table, ThreadPool& pool, const Case& c) {
  Problem problem(table, c, {1, 2, 2, 1, 40, 37}, false, 3);
  const size_t y = 19, x = 20, width = problem.shape().out[2];
  problem.x[y * 37 + x] = NAN;
  const std::vector<float> got = problem.Run(pool, 1);
  const std::vector<double> want = problem.Reference();
  const size_t plane = Volume(problem.shape().out);
  for (size_t i = 0; i < got.size(); ++i) {
    if (isnan(want[i])) Check(isnan(got[i]), problem.name() + " keeps NaN");
    const auto away = [&](size_t out, size_t in) {
      return fabs(static_cast<double>(out) - static_cast<double>(in) / c.stride);
    };
    const double dy = away(i % plane / width, y), dx = away(i % width, x);
    if (dy > 8 || dx > 8) Check(!isnan(got[i]), problem.name() + " confines NaN");
  }
}

}  // namespace

void TestWinograd(const Options& options) {
  ThreadPool pool(2);
  for (const KernelTable* table : TestedTables(options))
    for (const Case& c : kCases) {
      CheckGrids(*table, pool, c);
      CheckAccuracy(*table, pool, c);
      CheckNan(*table, pool, c);
    }
}

}  // namespace convfuse::test
