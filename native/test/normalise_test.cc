// Normalised rows and their sums on every ISA against plain loops in double: what is left is the
// rounding to float, whatever the mean and the length of a row.
#include "ops/normalise.h"

#include <math.h>

#include <vector>

#include "test/guarded.h"
#include "test/suites.h"
#include "test/tables.h"

namespace convfuse::test {
namespace {

constexpr size_t kMostFloats = 1 << 16;
constexpr double kHalfUlp = 0x1p-24;
constexpr double kSlack = 0x1p-40;  // for sums in another order, relative to their terms

struct Memory {
  Guarded x{kMostFloats}, y{kMostFloats}, scale{256}, bias{256};
};

void Fill(Random& random, float* x, size_t n) {
  const float mean = random.Chance(50) ? 0 : 1000 * random.Real();
  const float scale = random.Chance(70) ? 1 : 1e-3f;
  for (size_t i = 0; i < n; ++i) x[i] = mean + scale * random.Real();
  const float odd[] = {NAN, INFINITY, -INFINITY, 1e30f};
  if (n > 0 && random.Chance(15)) x[random.Below(n)] = odd[random.Below(4)];
}

bool Near(double got, double want, double mass) {
  return isnan(want) ? isnan(got)
                     : got == want || fabs(got - want) <= fabs(want) * kHalfUlp + mass * kSlack;
}

void CheckSums(const KernelTable& table, ThreadPool& pool, Random& random, Memory& memory,
               const NormaliseRows& p, const std::string& what) {
  const size_t size = p.parts * p.plane;
  const double divisor = random.Chance(50) ? 1 : static_cast<double>(size);
  float* y = memory.y.Place(p.rows, random.Chance(50));
  RunSums(table, {p.x, y, p.rows, size, divisor}, pool, random.Between(1, 3));
  Check(memory.y.Intact(), what + ": sums outside");
  for (size_t row = 0; row < p.rows; ++row) {
    double sum = 0, mass = 0;
    for (size_t i = 0; i < size; ++i)
      sum += p.x[row * size + i], mass += fabs(p.x[row * size + i]);
    if (!Near(y[row], sum / divisor, mass / divisor))
      return Fail(what + ": sum of row " + std::to_string(row) + " is " + std::to_string(y[row]) +
                  ", not " + std::to_string(sum / divisor));
  }
}

void Run(const KernelTable& table, ThreadPool& pool, Random& random, Memory& memory) {
  NormaliseRows p = {};
  p.parts = random.Between(1, 40);
  p.plane = random.Chance(40) ? 1 : random.Between(1, random.Chance(20) ? 9000 : 70);
  if (p.parts * p.plane > kMostFloats) p.parts = 1;
  const size_t size = p.parts * p.plane, most = kMostFloats / size;
  p.rows = random.Between(1, most < 20 ? most : 20);
  p.channels = random.Chance(50) ? p.parts : p.parts * random.Between(1, 5);
  p.epsilon = 1e-5;
  float* x = memory.x.Place(p.rows * size, random.Chance(50));
  for (size_t row = 0; row < p.rows; ++row) Fill(random, x + row * size, size);
  float* scale = memory.scale.Place(p.channels, random.Chance(50));
  float* bias = memory.bias.Place(p.channels, random.Chance(50));
  for (size_t c = 0; c < p.channels; ++c) scale[c] = random.Real(), bias[c] = random.Real();
  p.x = x, p.scale = scale, p.bias = bias;
  p.y = memory.y.Place(p.rows * size, random.Chance(50));
  RunNormalise(table, p, pool, 1);
  const std::string what = std::string(table.isa) + " " + std::to_string(p.rows) + " rows of " +
                           std::to_string(p.parts) + " x " + std::to_string(p.plane) + " of " +
                           std::to_string(p.channels) + " channels";
  Check(memory.y.Intact(), what + " wrote outside");
  const std::vector<float> once(p.y, p.y + p.rows * size);
  for (size_t row = 0; row < p.rows; ++row) {
    const float* from = x + row * size;
    double mean = 0, variance = 0;
    for (size_t i = 0; i < size; ++i) mean += from[i];
    mean /= static_cast<double>(size);
    for (size_t i = 0; i < size; ++i) variance += (from[i] - mean) * (from[i] - mean);
    const double deviation = sqrt(variance / static_cast<double>(size) + p.epsilon);
    for (size_t i = 0; i < size; ++i) {
      const size_t c = (row * p.parts + i / p.plane) % p.channels;
      const double factor = scale[c] / deviation, want = (from[i] - mean) * factor + bias[c];
      const double mass = (fabs(from[i]) + fabs(mean)) * fabs(factor) + fabs(bias[c]);
      const double got = once[row * size + i];
      if (!Near(got, want, mass))
        return Fail(what + ": element " + std::to_string(i) + " of row " + std::to_string(row) +
                    " is " + std::to_string(got) + ", not " + std::to_string(want));
    }
  }
  RunNormalise(table, p, pool, random.Between(2, 3));
  Check(SameBits(table, p.y, once.data(), once.size()), what + " depend on the number of threads");
  CheckSums(table, pool, random, memory, p, what);
}

}  // namespace

void TestNormalise(const Options& options) {
  Memory memory;
  ThreadPool pool(2);
  for (const KernelTable* table : TestedTables(options))
    ForEachConfiguration(options, [&](Random& random) { Run(*table, pool, random, memory); });
}

}  // namespace convfuse::test
