// Softmax and its logarithm on every ISA against double, within the units in the last place that
// docs/numerics.md states, between canaries; CONVFUSE_PRINT_ULP=1 prints the worst of each.
#include <math.h>
#include <string.h>

#include <vector>

#include "ops/softmax.h"
#include "test/guarded.h"
#include "test/suites.h"
#include "test/tables.h"

namespace convfuse::test {
namespace {

constexpr size_t kMostFloats = 1 << 16;
constexpr double kMostUlp = 3, kMostLogUlp = 4;

struct Memory {
  Guarded x{kMostFloats}, y{kMostFloats};
  double worst[2] = {0, 0};
};

double Ulp(double x) {
  int exponent;
  frexp(x, &exponent);
  return ldexp(1, exponent - 24 < -149 ? -149 : exponent - 24);
}

// One row, as the operator is defined.
void Expect(bool log, const float* x, size_t size, size_t step, std::vector<double>* y) {
  double most = -INFINITY;
  long double sum = 0;
  for (size_t i = 0; i < size; ++i)
    if (x[i * step] > most) most = x[i * step];
  for (size_t i = 0; i < size; ++i) sum += exp(x[i * step] - most);
  y->resize(size);
  for (size_t i = 0; i < size; ++i) {
    const double d = x[i * step] - most;
    (*y)[i] = static_cast<double>(log ? d - logl(sum) : exp(d) / sum);
  }
}

// A NaN with other low bits: exponents are made of the low bits of sums.
float OddNan() {
  const uint32_t bits = 0xffd55555u;
  float nan;
  memcpy(&nan, &bits, 4);
  return nan;
}

void Fill(Random& random, float* x, size_t n) {
  const float scales[] = {0, 1e-3f, 1, 10, 100, 1e4f, 3e38f};
  const float scale = scales[random.Below(7)], shift = random.Chance(30) ? 1e3f * random.Real() : 0;
  for (size_t i = 0; i < n; ++i) x[i] = random.Real() * scale + shift;
  const float odd[] = {NAN, INFINITY, -INFINITY, OddNan()};
  if (random.Chance(20)) x[random.Below(n)] = odd[random.Below(4)];
  if (random.Chance(5))
    for (size_t i = 0; i < n; ++i) x[i] = random.Chance(70) ? -INFINITY : x[i];
}

void Run(const KernelTable& table, ThreadPool& pool, Random& random, Memory& memory) {
  SoftmaxAxis a = {random.Chance(50), nullptr, nullptr, 1, 1, 1};
  a.size = random.Chance(60) ? random.Between(1, 2 * table.lanes + 2) : random.Between(1, 3000);
  const size_t most = kMostFloats / a.size;
  if (random.Chance(50)) a.inner = random.Between(1, most < 70 ? most : 70);
  a.outer = random.Between(1, most / a.inner < 40 ? most / a.inner : 40);
  const size_t n = a.outer * a.size * a.inner;
  float* x = memory.x.Place(n, random.Chance(50));
  Fill(random, x, n);
  a.x = x;
  a.y = memory.y.Place(n, random.Chance(50));
  RunSoftmax(table, a, pool, 1);
  const std::string what = std::string(table.isa) + (a.log ? " log" : "") + " softmax of " +
                           std::to_string(a.outer) + " x " + std::to_string(a.size) + " x " +
                           std::to_string(a.inner);
  Check(memory.y.Intact(), what + " wrote outside");
  const std::vector<float> once(a.y, a.y + n);
  std::vector<double> want;
  for (size_t o = 0; o < a.outer; ++o)
    for (size_t i = 0; i < a.inner; ++i) {
      const size_t first = o * a.size * a.inner + i;
      Expect(a.log, a.x + first, a.size, a.inner, &want);
      for (size_t k = 0; k < a.size; ++k) {
        const double got = once[first + k * a.inner];
        if (isnan(want[k]) && isnan(got)) continue;
        if (got == want[k]) continue;
        // A float that is infinite stands for a double past all floats.
        if (want[k] < -0x1.ffffffp127 && got <= -0x1.fffffep127) continue;
        // Sums are doubles, next to 1 too: their logarithm has the error of each term.
        const double slack = a.log ? static_cast<double>(a.size) * 0x1p-53 : 0;
        const double ulp = fmax(0, fabs(got - want[k]) - slack) / Ulp(want[k]);
        if (ulp > memory.worst[a.log]) memory.worst[a.log] = ulp;
        if (!(ulp <= (a.log ? kMostLogUlp : kMostUlp)))
          return Fail(what + ": element " + std::to_string(k) + " is " + std::to_string(got) +
                      ", not " + std::to_string(want[k]) + ", off by " + std::to_string(ulp) +
                      " ulp");
      }
    }
  RunSoftmax(table, a, pool, random.Between(2, 3));
  Check(SameBits(table, a.y, once.data(), n), what + " depends on the number of threads");
}

}  // namespace

void TestSoftmax(const Options& options) {
  ThreadPool pool(2);
  for (const KernelTable* table : TestedTables(options)) {
    Memory memory;
    ForEachConfiguration(options, [&](Random& random) { Run(*table, pool, random, memory); });
    if (getenv("CONVFUSE_PRINT_ULP"))
      printf("%-11s softmax %.3f ulp, log %.3f ulp\n", table->isa, memory.worst[0],
             memory.worst[1]);
  }
}

}  // namespace convfuse::test
