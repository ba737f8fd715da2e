// The pools of every ISA against plain loops in double, on inputs between guards of NaN and outputs
// between canaries: the largest element exactly, means within the bound of their sum.
#include <math.h>

#include <algorithm>
#include <vector>

#include "ops/pool.h"
#include "test/arrange.h"
#include "test/guarded.h"
#include "test/pool_axis.h"
#include "test/suites.h"
#include "test/tables.h"

namespace convfuse::test {
namespace {

WorkspacePool workspaces;

constexpr size_t kMostFloats = 1 << 16;

// The same planes in blocks, which must give what the dense kernel gave (`want`), except that means
// are summed in another order.
void RunBlocks(const KernelTable& table, ThreadPool& pool, Random& random, const PoolPlanes& dense,
               const float* want, float slack, const std::string& what) {
  static Guarded x(kMostFloats * 16), y(kMostFloats * 16);
  const PoolAxis &high = dense.axis[1], &wide = dense.axis[2];
  const size_t batch = dense.planes % 2 == 0 && random.Chance(50) ? 2 : 1;
  const size_t channels = dense.planes / batch;
  BlockedPoolPlanes p = {dense.mean, {high, wide}, batch, channels, nullptr, {}, nullptr, {}};
  p.x_layout = {true, random.Below(3), random.Below(3), random.Below(3), random.Below(3)};
  p.y_layout = {true, random.Below(3), random.Below(3), random.Below(3), random.Below(3)};
  const ReorderShape in = {batch, channels, high.in, wide.in};
  const ReorderShape out = {batch, channels, high.out, wide.out};
  p.x = Arrange(table, p.x_layout, in, dense.x, x, random.Chance(50), NAN, NAN);
  const std::vector<float> canary(batch * channels * high.out * wide.out, kCanary);
  p.y = Arrange(table, p.y_layout, out, canary.data(), y, random.Chance(50), kCanary, NAN);
  std::vector<float> got, other;
  RunBlockedPool(table, p, pool, workspaces, 1);
  IsArranged(table, p.y_layout, out, p.y, kCanary, &other);
  RunBlockedPool(table, p, pool, workspaces, random.Between(2, 3));
  Check(y.Intact() && IsArranged(table, p.y_layout, out, p.y, kCanary, &got),
        what + " wrote outside");
  Check(SameBits(table, got.data(), other.data(), got.size()), what + " depends on threads");
  for (size_t i = 0; i < got.size(); ++i)
    if (!(got[i] == want[i] || (isnan(got[i]) && isnan(want[i])) ||
          fabsf(got[i] - want[i]) <= slack))
      return Fail(what + " in blocks: output " + std::to_string(i) + " is " +
                  std::to_string(got[i]) + ", not " + std::to_string(want[i]));
}

void Run(const KernelTable& table, ThreadPool& pool, Random& random, Guarded& x, Guarded& y) {
  const bool mean = random.Chance(50), padded = random.Chance(50), deep = random.Chance(20);
  Axis axes[3] = {RandomAxis(random, deep, 5, padded),
                  RandomAxis(random, random.Chance(90), deep ? 9 : 30, padded),
                  RandomAxis(random, true, deep ? 20 : 70, padded)};
  if (random.Chance(10))
    for (Axis& a : axes) {  // one window over everything
      a.start = {0};
      a.taps = a.divisor = {static_cast<int32_t>(a.in)};
      a.dilation = 1;
    }
  PoolPlanes p = {};
  p.mean = mean;
  // Up to two blocks of the widest vectors.
  p.planes = random.Chance(70) ? random.Between(1, 5) : random.Between(6, 30);
  size_t in = 1, out = 1;
  for (int i = 0; i < 3; ++i) {
    const Axis& a = axes[i];
    p.axis[i] = a.Kernel();
    in *= a.in, out *= a.out();
  }
  // More than a task.
  const bool many = random.Chance(5);
  if (many) p.planes = kMostFloats / std::max(in, out);
  float* from = x.Place(p.planes * in, random.Chance(50));
  for (size_t i = 0; i < p.planes * in; ++i) from[i] = random.Real();
  if (random.Chance(30)) from[random.Below(p.planes * in)] = NAN;
  if (random.Chance(10)) from[random.Below(p.planes * in)] = -INFINITY;
  if (random.Chance(10)) from[random.Below(p.planes * in)] = INFINITY;
  float* to = y.Place(p.planes * out, random.Chance(50));
  p.x = from;
  p.y = to;
  RunPool(table, p, pool, workspaces, random.Between(1, 3));

  const std::string what = std::string(table.isa) + (mean ? " mean" : " largest") + " pool of " +
                           std::to_string(in) + " to " + std::to_string(out);
  Check(y.Intact(), what + " wrote outside");
  for (size_t at = 0; at < p.planes * out; ++at) {
    const size_t o[3] = {at % out / (axes[1].out() * axes[2].out()),
                         at / axes[2].out() % axes[1].out(), at % axes[2].out()};
    const float* plane = from + at / out * in;
    double sum = 0, mass = 0, largest = -INFINITY, divisor = 1, count = 1;
    for (int a = 0; a < 3; ++a)
      divisor *= axes[a].divisor[o[a]], count += axes[a].taps[o[a]];
    for (int32_t i = 0; i < axes[0].taps[o[0]]; ++i)
      for (int32_t j = 0; j < axes[1].taps[o[1]]; ++j)
        for (int32_t k = 0; k < axes[2].taps[o[2]]; ++k) {
          const size_t z =
              static_cast<size_t>(axes[0].start[o[0]]) + static_cast<size_t>(i) * axes[0].dilation;
          const size_t r =
              static_cast<size_t>(axes[1].start[o[1]]) + static_cast<size_t>(j) * axes[1].dilation;
          const size_t c =
              static_cast<size_t>(axes[2].start[o[2]]) + static_cast<size_t>(k) * axes[2].dilation;
          const double v = plane[(z * axes[1].in + r) * axes[2].in + c];
          sum += v, mass += fabs(v);
          if (v > largest || v != v) largest = v;
        }
    const double want = mean ? sum / divisor : largest;
    const double u = 0x1p-24, terms = count + axes[0].taps[o[0]] * axes[1].taps[o[1]] + 2;
    const double bound = mean ? mass / divisor * terms * u / (1 - terms * u) : 0;
    const bool same =
        want != want ? to[at] != to[at] : to[at] == want || fabs(to[at] - want) <= bound;
    if (!same)
      return Fail(what + ": output " + std::to_string(at) + " is " + std::to_string(to[at]) +
                  ", not " + std::to_string(want));
  }
  // Elements lie in [-1, 1): so do means, within the rounding of at most 49 sums each.
  const float slack = mean ? 128 * 0x1p-24f : 0;
  if (!many && axes[0].in == 1 && axes[0].out() == 1 && axes[0].divisor[0] == 1 && out > 0 &&
      axes[1].taps[0] * axes[2].taps[0] <= 49)
    RunBlocks(table, pool, random, p, to, slack, what);
}

}  // namespace

void TestPool(const Options& options) {
  Guarded x(kMostFloats), y(kMostFloats);
  ThreadPool pool(2);
  for (const KernelTable* table : TestedTables(options))
    ForEachConfiguration(options, [&](Random& random) { Run(*table, pool, random, x, y); });
}

}  // namespace convfuse::test
