// Activations into blocks and back on every ISA: the bits of a plain loop, halos as they were,
// nothing written outside, on any number of threads.
#include <math.h>

#include <vector>

#include "ops/reorder.h"
#include "test/arrange.h"
#include "test/guarded.h"
#include "test/suites.h"
#include "test/tables.h"

namespace convfuse::test {
namespace {

struct Memory {
  Guarded dense{1 << 17}, blocked{1 << 20};
};

void Run(const KernelTable& table, ThreadPool& pool, Random& random, Memory& memory) {
  ReorderShape s = {random.Between(1, 3), random.Between(1, 2 * table.lanes + 3),
                    random.Between(1, 9), random.Between(1, 3 * table.lanes + 1)};
  if (random.Chance(4)) s.batch = 0;
  const Layout dense;
  const Layout blocked = {true, random.Below(3), random.Below(3), random.Below(3), random.Below(3)};
  const size_t n = LayoutFloats(dense, table.lanes, s);
  const std::string what = std::string(table.isa) + " reorder n " + std::to_string(s.batch) +
                           " c " + std::to_string(s.channels) + " " + std::to_string(s.height) +
                           "x" + std::to_string(s.width);
  std::vector<float> values(n), got;
  for (float& v : values) v = random.Chance(3) ? NAN : random.Real();
  const bool end = random.Chance(50);

  float* from = memory.dense.Place(n, end);
  std::copy(values.begin(), values.end(), from);
  const std::vector<float> canary(n, kCanary);
  float* to = Arrange(table, blocked, s, canary.data(), memory.blocked, end, kCanary, kCanary);
  RunReorder(table, s, dense, from, blocked, to, pool, random.Between(1, 4));
  Check(memory.blocked.Intact() && memory.dense.Intact(), what + " wrote outside the blocks");
  Check(IsArranged(table, blocked, s, to, kCanary, &got), what + " wrote a halo");
  Check(SameBits(got.data(), values.data(), n), what + " into blocks");

  const float* packed = Arrange(table, blocked, s, values.data(), memory.blocked, end, NAN, NAN);
  float* back = memory.dense.Place(n, end);
  RunReorder(table, s, blocked, packed, dense, back, pool, random.Between(1, 4));
  Check(memory.blocked.Intact() && memory.dense.Intact(), what + " wrote outside the planes");
  Check(SameBits(back, values.data(), n), what + " out of blocks");
}

}  // namespace

void TestReorder(const Options& options) {
  Memory memory;
  ThreadPool pool(2);
  for (const KernelTable* table : TestedTables(options))
    ForEachConfiguration(options, [&](Random& random) { Run(*table, pool, random, memory); });
}

}  // namespace convfuse::test
