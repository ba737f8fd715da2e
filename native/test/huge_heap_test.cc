// Memory of the huge heap belongs to whoever took it alone.  Free memory goes back to the system,
// except for kHugeSpare bytes.
#include "ops/huge_heap.h"

#include <thread>
#include <vector>

#include "test/suites.h"

namespace convfuse::test {
namespace {

struct Taken {
  unsigned char* data;
  size_t bytes;
  unsigned char mark;
};

bool Holds(const Taken& taken) {
  for (size_t i = 0; i < taken.bytes; i += 61)
    if (taken.data[i] != taken.mark) return false;
  return taken.data[taken.bytes - 1] == taken.mark;
}

// Sizes below and above what comes from the heap, and above a chunk of it.
size_t RandomBytes(Random& random) {
  const size_t most[] = {size_t{1} << 12, size_t{1} << 17, size_t{1} << 20, size_t{20} << 20};
  return random.Between(1, most[random.Chance(2) ? 3 : random.Below(3)]);
}

void TakeAndGive(Random random, size_t steps) {
  std::vector<Taken> all;
  const auto give = [&](size_t i) {
    Check(Holds(all[i]), "memory of the heap stays as it was written");
    FreeHuge(all[i].data, all[i].bytes);
    all[i] = all.back();
    all.pop_back();
  };
  for (size_t step = 0; step < steps; ++step) {
    if (!all.empty() && random.Chance(all.size() > 12 ? 60 : 40)) {
      give(random.Below(all.size()));
      continue;
    }
    const size_t bytes = RandomBytes(random);
    auto* const data = static_cast<unsigned char*>(AllocateHuge(bytes));
    Check(reinterpret_cast<uintptr_t>(data) % 64 == 0, "memory of the heap begins with a line");
    const auto mark = static_cast<unsigned char>(random.Next() >> 40);
    memset(data, mark, bytes);
    all.push_back({data, bytes, mark});
  }
  while (!all.empty()) give(all.size() - 1);
}

}  // namespace

void TestHugeHeap(const Options& options) {
  const size_t before = HugeBytes(), steps = options.configs;
  TakeAndGive(Random(options.seed), steps);
  Check(HugeBytes() <= before + kHugeSpare, "what is free goes back to the system");
  std::vector<std::thread> threads;
  for (uint64_t stream = 1; stream <= 3; ++stream)
    threads.emplace_back([=] { TakeAndGive(Random(options.seed, stream), steps); });
  for (auto& thread : threads) thread.join();
  Check(HugeBytes() <= before + kHugeSpare, "what threads gave goes back to the system");
}

}  // namespace convfuse::test
