// Resampling on every ISA against plain loops in double: axes that repeat their inputs, linear
// ones, and any others; inputs that no tap with weight reads are NaN.
#include "ops/resample.h"

#include <math.h>

#include <algorithm>
#include <vector>

#include "test/arrange.h"
#include "test/guarded.h"
#include "test/suites.h"
#include "test/tables.h"

namespace convfuse::test {
namespace {

WorkspacePool workspaces;

constexpr size_t kMostFloats = 1 << 18;

struct Axis {
  size_t in, out, width;
  std::vector<int32_t> index;
  std::vector<float> weight;

  ResampleAxis View() const {
    return {in, out, width, index.data(), weight.empty() ? nullptr : weight.data()};
  }
  double Weight(size_t tap) const { return weight.empty() ? 1 : weight[tap]; }
};

int32_t Clamp(double at, size_t in) {
  return static_cast<int32_t>(fmax(0, fmin(at, static_cast<double>(in) - 1)));
}

Axis RandomAxis(Random& random, size_t most) {
  Axis a = {random.Between(1, most), 0, 1, {}, {}};
  const size_t kind = random.Chance(30) ? 2 : random.Below(4);
  if (kind == 0) {  // each element so many times
    const size_t times = random.Between(1, 4);
    a.out = a.in * times;
    for (size_t o = 0; o < a.out; ++o) a.index.push_back(static_cast<int32_t>(o / times));
  } else if (kind == 1) {  // any of them
    a.out = random.Between(1, most);
    for (size_t o = 0; o < a.out; ++o) a.index.push_back(static_cast<int32_t>(random.Below(a.in)));
  } else if (kind == 2) {  // linear, often of twice the size, or more
    a.out = random.Chance(60)   ? 2 * a.in
            : random.Chance(30) ? random.Between(3, 8) * a.in
                                : random.Between(1, 2 * most);
    a.width = 2;
    const double scale = static_cast<double>(a.out) / static_cast<double>(a.in);
    const double centre = random.Chance(70) ? 0.5 : 0;
    for (size_t o = 0; o < a.out; ++o) {
      const double x = (static_cast<double>(o) + centre) / scale - centre, low = floor(x);
      a.index.push_back(Clamp(low, a.in));
      a.index.push_back(Clamp(low + 1, a.in));
      a.weight.push_back(static_cast<float>(1 - (x - low)));
      a.weight.push_back(static_cast<float>(x - low));
    }
  } else {
    a.out = random.Between(1, most);
    a.width = random.Between(1, 4);
    for (size_t t = 0; t < a.out * a.width; ++t) {
      a.index.push_back(static_cast<int32_t>(random.Below(a.in)));
      a.weight.push_back(random.Chance(20) ? 0 : random.Real());
    }
  }
  return a;
}

// The same planes in blocks, which must give what the dense kernel gave (`want`), except that sums
// are in another order.
void RunBlocks(const KernelTable& table, ThreadPool& pool, Random& random,
               const ResamplePlanes& dense, const std::vector<float>& want, float slack,
               const std::string& what) {
  static Guarded x(4 * kMostFloats), y(4 * kMostFloats);
  const ResampleAxis &high = dense.axis[0], &wide = dense.axis[1];
  const size_t batch = dense.planes % 2 == 0 && random.Chance(50) ? 2 : 1;
  BlockedResamplePlanes p = {{high, wide}, batch, dense.planes / batch, nullptr, {}, nullptr, {}};
  p.x_layout = {true, random.Below(3), random.Below(3), random.Below(3), random.Below(3)};
  p.y_layout = {true, random.Below(3), random.Below(3), random.Below(3), random.Below(3)};
  const ReorderShape in = {batch, p.channels, high.in, wide.in};
  const ReorderShape out = {batch, p.channels, high.out, wide.out};
  p.x = Arrange(table, p.x_layout, in, dense.x, x, random.Chance(50), NAN, NAN);
  const std::vector<float> canary(want.size(), kCanary);
  p.y = Arrange(table, p.y_layout, out, canary.data(), y, random.Chance(50), kCanary, NAN);
  RunBlockedResample(table, p, pool, workspaces, random.Between(1, 3));
  std::vector<float> got;
  Check(y.Intact() && IsArranged(table, p.y_layout, out, p.y, kCanary, &got),
        what + " in blocks wrote outside");
  for (size_t i = 0; i < got.size(); ++i)
    if (!(got[i] == want[i] || (isnan(got[i]) && isnan(want[i])) ||
          fabsf(got[i] - want[i]) <= slack))
      return Fail(what + " in blocks: output " + std::to_string(i) + " is " +
                  std::to_string(got[i]) + ", not " + std::to_string(want[i]));
}

void Run(const KernelTable& table, ThreadPool& pool, Random& random, Guarded& x, Guarded& y) {
  const Axis h = RandomAxis(random, 8), w = RandomAxis(random, 3 * table.lanes + 3);
  ResamplePlanes p = {{h.View(), w.View()}, nullptr, nullptr, random.Between(1, 20), false,
                      nullptr};
  const size_t in = h.in * w.in, out = h.out * w.out;
  p.planes = std::max<size_t>(1, std::min(p.planes, kMostFloats / 4 / out));
  float* from = x.Place(p.planes * in, random.Chance(50));
  // What no tap reads stays NaN.
  std::vector<bool> rows(h.in), columns(w.in);
  for (size_t t = 0; t < h.index.size(); ++t)
    if (h.Weight(t) != 0) rows[static_cast<size_t>(h.index[t])] = true;
  for (size_t t = 0; t < w.index.size(); ++t)
    if (w.Weight(t) != 0) columns[static_cast<size_t>(w.index[t])] = true;
  for (size_t i = 0; i < p.planes * in; ++i)
    if (rows[i % in / w.in] && columns[i % w.in]) from[i] = random.Real();
  if (random.Chance(20)) from[random.Below(p.planes * in)] = INFINITY;
  float* to = y.Place(p.planes * out, random.Chance(50));
  p.x = from;
  p.y = to;
  RunResample(table, p, pool, workspaces, 1);
  const std::string what = std::string(table.isa) + " " + std::to_string(h.in) + "x" +
                           std::to_string(w.in) + " resampled to " + std::to_string(h.out) + "x" +
                           std::to_string(w.out);
  Check(y.Intact(), what + " wrote outside");
  const std::vector<float> once(to, to + p.planes * out);
  for (size_t i = 0; i < once.size(); ++i) {
    const float* plane = from + i / out * in;
    const size_t row = i % out / w.out, column = i % w.out;
    double sum = 0, mass = 0;
    for (size_t t = column * w.width; t < (column + 1) * w.width; ++t) {
      if (w.Weight(t) == 0) continue;
      double part = 0;
      for (size_t s = row * h.width; s < (row + 1) * h.width; ++s) {
        if (h.Weight(s) == 0) continue;
        const double v = plane[static_cast<size_t>(h.index[s]) * w.in +
                               static_cast<size_t>(w.index[t])];
        part += h.Weight(s) * v;
        mass += fabs(h.Weight(s) * w.Weight(t) * v);
      }
      sum += w.Weight(t) * part;
    }
    const bool exact = h.weight.empty() && w.weight.empty();
    const double terms = static_cast<double>(h.width + w.width);
    const double bound = exact ? 0 : mass * terms * 0x1p-24 / (1 - terms * 0x1p-24);
    const double got = once[i];
    if (isnan(sum) ? isnan(got) : got == sum || fabs(got - sum) <= bound) continue;
    return Fail(what + ": output " + std::to_string(i) + " is " + std::to_string(got) + ", not " +
                std::to_string(sum));
  }
  RunResample(table, p, pool, workspaces, random.Between(2, 3));
  Check(SameBits(table, to, once.data(), once.size()), what + " depends on the number of threads");
  // Elements lie in [-1, 1), and so do weights.
  const bool exact = h.weight.empty() && w.weight.empty();
  const size_t taps = h.width * w.width;
  const float slack = exact ? 0 : static_cast<float>(2 * taps * (h.width + w.width)) * 0x1p-24f;
  RunBlocks(table, pool, random, p, once, slack, what);
}

}  // namespace

void TestResample(const Options& options) {
  Guarded x(kMostFloats), y(kMostFloats);
  ThreadPool pool(2);
  for (const KernelTable* table : TestedTables(options))
    ForEachConfiguration(options, [&](Random& random) { Run(*table, pool, random, x, y); });
}

}  // namespace convfuse::test
