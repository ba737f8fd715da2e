// Gemm against double loops: awkward sizes, both transpositions, alpha and beta, stacks of
// matrices.
#include <math.h>

#include <algorithm>
#include <vector>

#include "ops/gemm.h"
#include "test/guarded.h"
#include "test/suites.h"
#include "test/tables.h"

namespace convfuse::test {
namespace {

struct Case {
  GemmCall call;
  bool integers;
};

float Draw(Random& random, bool integers) { return integers ? random.Integer(4) : random.Real(); }

void CheckCase(const KernelTable& table, ThreadPool& pool, Case test, Random& random,
               WorkspacePool& workspaces, Guarded* memory) {
  GemmCall& c = test.call;
  const bool end = random.Chance(50);
  const size_t outputs = c.count * c.m * c.n;
  float* a = memory[0].Place(c.count * c.m * c.k, end);
  float* b = memory[1].Place(c.count * c.k * c.n, end);
  float* out = memory[2].Place(outputs, end);
  for (size_t i = 0; i < memory[0].size(); ++i) a[i] = Draw(random, test.integers);
  for (size_t i = 0; i < memory[1].size(); ++i) b[i] = Draw(random, test.integers);
  std::vector<float> before(outputs, NAN);  // beta == 0 must not read it
  if (c.beta != 0)
    for (float& v : before) v = Draw(random, test.integers);
  c.a = a;
  c.b = b;
  c.c = out;
  std::vector<float> first;
  for (size_t threads : {1, 2, 3, 8}) {
    std::copy(before.begin(), before.end(), out);
    Gemm(table, c, pool, workspaces, threads);
    if (threads == 1) first.assign(out, out + outputs);
    Check(SameBits(first.data(), out, first.size()), "Gemm: same bits for any threads");
  }
  const double k = static_cast<double>(c.k) + 4, u = 0x1p-24;  // + alpha, beta and their sum
  for (size_t row = 0; row < c.count * c.m; ++row)
    for (size_t n = 0; n < c.n; ++n) {
      const size_t index = row / c.m, m = row % c.m;
      const float* left = a + index * c.m * c.k;
      const float* right = b + index * c.k * c.n;
      double sum = 0, mass = 0;
      for (size_t i = 0; i < c.k; ++i) {
        const double p = double{left[c.trans_a ? i * c.m + m : m * c.k + i]} *
                         double{right[c.trans_b ? n * c.k + i : i * c.n + n]};
        sum += p;
        mass += fabs(p);
      }
      double want = c.alpha * sum;
      mass *= fabs(double{c.alpha});
      if (c.beta != 0) {
        want += double{c.beta} * double{before[row * c.n + n]};
        mass += fabs(double{c.beta} * double{before[row * c.n + n]});
      }
      const double bound = test.integers ? 0 : k * u / (1 - k * u) * mass;
      if (!(fabs(double{out[row * c.n + n]} - want) <= bound)) {
        Fail(std::string("Gemm ") + table.isa + " m " + std::to_string(c.m) + " n " +
             std::to_string(c.n) + " k " + std::to_string(c.k) + " count " +
             std::to_string(c.count));
        return;
      }
    }
  for (int i = 0; i < 3; ++i) Check(memory[i].Intact(), "Gemm stays inside its operands");
}

}  // namespace

void TestGemm(const Options& options) {
  ThreadPool pool(2);
  WorkspacePool workspaces;
  Guarded memory[3] = {Guarded(1 << 19), Guarded(1 << 19), Guarded(1 << 19)};
  for (const KernelTable* table : TestedTables(options)) {
    const size_t mr = table->mr, nr = table->nr;
    const size_t sizes[] = {0, 1, 2, mr - 1, mr, mr + 1, nr - 1, nr, nr + 1, 131};
    const size_t depths[] = {0, 1, 2, 7, 255, 256, 257, 600};
    ForEachConfiguration(options, [&](Random& random) {
      Case test = {};
      test.integers = random.Chance(60);
      test.call.m = sizes[random.Below(10)];
      test.call.n = sizes[random.Below(10)];
      test.call.k = depths[random.Below(8)];
      test.call.trans_a = random.Chance(50);
      test.call.trans_b = random.Chance(50);
      test.call.alpha = random.Chance(60) ? 1 : random.Chance(50) ? 0.5f : -3;
      test.call.count = random.Chance(70) ? 1 : random.Below(4);
      test.call.beta = random.Chance(40) ? 0 : random.Chance(50) ? 1 : -0.25f;
      CheckCase(*table, pool, test, random, workspaces, memory);
    });
  }
}

}  // namespace convfuse::test
