// Linear layers against double loops: awkward sizes, both orientations of the matrix, with a bias
// or a residual and without, each activation with and without a tail.
#include <math.h>

#include <algorithm>
#include <vector>

#include "kernels/reference.h"
#include "ops/linear.h"
#include "test/guarded.h"
#include "test/suites.h"
#include "test/tables.h"

namespace convfuse::test {
namespace {

constexpr float kSlope = -0.5f;

struct Case {
  size_t m, n, k;
  bool trans_b, biased, added, integers;
  Activation activation;
};

float Draw(Random& random, bool integers) { return integers ? random.Integer(4) : random.Real(); }

// Clamps in the tile, functions of a row, slopes, and limits behind any of them.
Activation DrawActivation(Random& random) {
  Activation a;
  a.kind = static_cast<ActivationKind>(random.Below(static_cast<size_t>(ActivationKind::kCount)));
  if (random.Chance(40)) a.kind = ActivationKind::kRelu6;
  if (random.Chance(30)) a.kind = ActivationKind::kIdentity;
  a.alpha = 0.25f;
  a.beta = 0.5f;
  if (a.kind == ActivationKind::kPrelu) a.slope = &kSlope, a.slopes = 1;
  if (random.Chance(20)) a.scale = 2, a.shift = -1, a.low = -3, a.high = 5;
  return a;
}

// How far a result may be from the exact one.
double BoundOf(const Case& c, double mass) {
  const double k = static_cast<double>(c.k) + 4, u = 0x1p-24;
  const double sum = c.integers ? 0 : k * u / (1 - k * u) * mass;
  // The steepest of them rises by less than 1.2 for 1, and is within 7 ulp; docs/numerics.md.
  return fabs(double{c.activation.scale}) * (1.2 * sum + 14 * u * (mass + 4)) + 2 * u;
}

// Whether results are whole numbers that no step rounds.
bool IsExact(const Case& c) {
  const ActivationKind kind = c.activation.kind;
  return c.integers && (kind == ActivationKind::kIdentity || kind == ActivationKind::kRelu ||
                        kind == ActivationKind::kRelu6 || kind == ActivationKind::kPrelu ||
                        kind == ActivationKind::kLeakyRelu || kind == ActivationKind::kClip);
}

void CheckCase(const KernelTable& table, ThreadPool& pool, const Case& c, Random& random,
               const std::shared_ptr<WorkspacePool>& workspaces, Guarded* memory) {
  const bool end = random.Chance(50);
  float* a = memory[0].Place(c.m * c.k, end);
  float* b = memory[1].Place(c.k * c.n, end);
  float* bias = memory[2].Place(c.n, end);
  for (size_t i = 0; i < c.m * c.k; ++i) a[i] = Draw(random, c.integers);
  for (size_t i = 0; i < c.k * c.n; ++i) b[i] = Draw(random, c.integers);
  for (size_t i = 0; i < c.n; ++i) bias[i] = Draw(random, c.integers);
  float* added = memory[4].Place(c.added ? c.m * c.n : 0, end);
  for (size_t i = 0; i < memory[4].size(); ++i) added[i] = Draw(random, c.integers);
  const float* residual = c.added ? added : nullptr;
  const Linear linear(b, c.n, c.k, c.trans_b, c.biased ? bias : nullptr,
                      {&table, c.activation, workspaces});
  std::vector<float> first;
  float* out = nullptr;
  for (size_t threads : {1, 2, 3, 8}) {
    out = memory[3].Place(c.m * c.n, end);
    linear.Run(a, c.m, residual, out, pool, threads);
    if (threads == 1) first.assign(out, out + c.m * c.n);
    Check(SameBits(table, first.data(), out, first.size()), "Linear: same bits for any threads");
    Check(memory[3].Intact(), "Linear stays inside its output");
  }
  for (size_t m = 0; m < c.m; ++m)
    for (size_t n = 0; n < c.n; ++n) {
      double sum = c.biased ? bias[n] : 0, mass = fabs(sum);
      if (c.added) {
        sum += double{residual[m * c.n + n]};
        mass += fabs(double{residual[m * c.n + n]});
      }
      for (size_t i = 0; i < c.k; ++i) {
        const double p =
            double{a[m * c.k + i]} * double{b[c.trans_b ? n * c.k + i : i * c.n + n]};
        sum += p;
        mass += fabs(p);
      }
      const double want = reference::Activate(c.activation, 0, sum);
      const double bound = IsExact(c) ? 0 : BoundOf(c, mass);
      if (!(fabs(double{out[m * c.n + n]} - want) <= bound)) {
        Fail(std::string("Linear ") + table.isa + " m " + std::to_string(c.m) + " n " +
             std::to_string(c.n) + " k " + std::to_string(c.k) + " activation " +
             std::to_string(static_cast<int>(c.activation.kind)) + ": " +
             std::to_string(out[m * c.n + n]) + " for " + std::to_string(want));
        return;
      }
    }
  for (int i : {0, 1, 2, 4}) Check(memory[i].Intact(), "Linear leaves its operands alone");
}

// NaN and infinity stay in their own rows and columns, and pass the clamp as the definition says.
void CheckNotFinite(const KernelTable& table, ThreadPool& pool) {
  const size_t n = table.direct_channels + 1, m = 3;
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> b(2 * n, 1);
  Activation relu6;
  relu6.kind = ActivationKind::kRelu6;
  const Linear linear(b.data(), n, 2, false, nullptr,
                      {&table, relu6, std::make_shared<WorkspacePool>()});
  const float a[] = {1, 2, NAN, 1, infinity, 1};
  std::vector<float> out(m * n);
  linear.Run(a, m, nullptr, out.data(), pool, 2);
  for (size_t i = 0; i < n; ++i)
    Check(out[i] == 3 && isnan(out[n + i]) && out[2 * n + i] == 6, "Linear: NaN and infinity");
  const std::vector<float> residual(m * n, -infinity);
  linear.Run(a, m, residual.data(), out.data(), pool, 2);
  for (size_t i = 0; i < n; ++i)
    Check(out[i] == 0 && isnan(out[n + i]) && isnan(out[2 * n + i]), "Linear: infinite residuals");
}

}  // namespace

void TestLinear(const Options& options) {
  ThreadPool pool(2);
  const auto workspaces = std::make_shared<WorkspacePool>();
  Guarded memory[] = {Guarded(1 << 18), Guarded(1 << 19), Guarded(1 << 9), Guarded(1 << 16),
                      Guarded(1 << 16)};
  for (const KernelTable* table : TestedTables(options)) {
    const size_t lanes = table->lanes, width = table->direct_channels;
    const size_t tile = table->blocked_pixels[2];
    const size_t rows[] = {0, 1, 2, tile - 1, tile, tile + 1, 2 * tile + 1, 131};
    const size_t columns[] = {1, lanes - 1, lanes, lanes + 1, width - 1, width, width + 1, 307};
    const size_t depths[] = {1, 2, 7, 64, 255, 256, 257, 600, 1024};
    CheckNotFinite(*table, pool);
    ForEachConfiguration(options, [&](Random& random) {
      Case test = {};
      test.m = rows[random.Below(8)];
      test.n = columns[random.Below(8)];
      test.k = depths[random.Below(9)];
      test.trans_b = random.Chance(50);
      test.biased = random.Chance(70);
      test.added = random.Chance(40);
      test.integers = random.Chance(60);
      test.activation = DrawActivation(random);
      // Most of them small: the loops in double take time.
      if (test.m * test.n * test.k > (1 << 20) && random.Chance(90))
        test.k = depths[random.Below(4)];
      CheckCase(*table, pool, test, random, workspaces, memory);
    });
  }
}

}  // namespace convfuse::test
